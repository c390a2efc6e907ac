package availability

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/control/crashtest"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/spec"
	"github.com/greenlang/fournines/internal/state"
)

const (
	east = "us-east-1"
	west = "us-west-2"
)

// twin is a pair of regions in a file: it outlives the process that is killed. A cluster
// that is told to lead leads at once; whether two ever did at the same time is kept.
type twin struct {
	path string

	Leads      map[string]bool
	Dark       map[string]bool   // without power: nothing answers
	Fenced     map[string]string // component → epoch
	Regions    map[string]string // fenced region → epoch
	Scaled     map[string]bool
	Serving    string
	Held       bool
	Promotions map[string]int
	Moves      int
	Dual       bool // two regions could have written at the same time
	NoProof    bool
	Reserved   map[string]int // region → times its cluster was given a slot
}

func begin(dir string, t twin) error {
	for _, m := range []*map[string]bool{&t.Leads, &t.Dark, &t.Scaled} {
		if *m == nil {
			*m = map[string]bool{}
		}
	}
	for _, m := range []*map[string]string{&t.Fenced, &t.Regions} {
		if *m == nil {
			*m = map[string]string{}
		}
	}
	t.Promotions, t.Reserved = map[string]int{}, map[string]int{}
	b, err := json.Marshal(t)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "twin.json"), b, 0o600)
}

func readTwin(dir string) *twin {
	t := &twin{path: filepath.Join(dir, "twin.json")}
	b, err := os.ReadFile(t.path)
	if err == nil {
		err = json.Unmarshal(b, t)
	}
	if err != nil {
		panic(err)
	}
	return t
}

func (t *twin) now() *twin { return readTwin(filepath.Dir(t.path)) }

// change rewrites the file at once, under a lock.
func (t *twin) change(f func(*twin)) error {
	lock, err := os.OpenFile(t.path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer lock.Close() //nolint:errcheck // test
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return err
	}
	now := t.now()
	f(now)
	now.Dual = now.Dual || (now.writes(east) && now.writes(west))
	b, err := json.Marshal(now)
	if err != nil {
		return err
	}
	if err := os.WriteFile(t.path+".tmp", b, 0o600); err != nil {
		return err
	}
	return os.Rename(t.path+".tmp", t.path)
}

// writes tells whether a client could write in the region: also one that is dark, because
// it may only be cut off, unless it is fenced.
func (t *twin) writes(region string) bool { return t.Leads[region] && t.fences(region) < 3 }

func (t *twin) fences(region string) (n int) {
	for c := range t.Fenced {
		if strings.HasPrefix(c, region+"/") {
			n++
		}
	}
	return n
}

func (t *twin) Fence(_ context.Context, f Fence) (Proof, error) {
	if t.now().NoProof {
		return Proof{}, errors.New("no observer has seen it dead")
	}
	return Proof{By: "test", At: zero}, t.change(func(t *twin) { t.Fenced[f.Component] = f.Epoch })
}

func (t *twin) Lift(_ context.Context, component, _ string) error {
	return t.change(func(t *twin) { delete(t.Fenced, component) })
}

func (t *twin) Read(_ context.Context, cluster string) (fact.PostgresLock, error) {
	region, _, _ := strings.Cut(cluster, "/")
	return fact.PostgresLock{Leader: region + "-a", Lease: 1, Standby: !t.now().Leads[region], Reserved: t.now().Reserved[region] > 0}, nil
}

func (t *twin) Release(context.Context, string, string, int64, string) error { return nil }

func (t *twin) Checkpoint(context.Context, string, string, time.Duration) error { return nil }

func (t *twin) Look(_ context.Context, cluster string) []fact.PostgresMember {
	region, _, _ := strings.Cut(cluster, "/")
	now := t.now()
	var out []fact.PostgresMember
	for _, z := range []string{"a", "b", "c"} {
		m := fact.PostgresMember{Name: region + "-" + z, ID: region + "/" + z + "/postgres"}
		if now.Dark[region] || now.Fenced[m.ID] != "" {
			m.Error = "no answer"
		} else {
			m.Seen, m.Role, m.State, m.Timeline, m.Received, m.Replayed = time.Now(), "replica", "streaming", 1, 1000, 1000
			if z == "a" {
				m.Role = "standby_leader"
				if now.Dark[east] { // who died had sent the beginning of a record
					m.Received = 1792
				}
				if now.Leads[region] {
					m.Role, m.State = "primary", "running"
				}
			}
		}
		out = append(out, m)
	}
	return out
}

func (t *twin) Reclone(context.Context, string, string) error { return errors.New("unexpected") }

func (t *twin) Switchover(context.Context, string, string, string) error { return nil }

func (t *twin) Write(_ context.Context, cluster string) error {
	if region, _, _ := strings.Cut(cluster, "/"); !t.now().writes(region) {
		return errors.New("read-only")
	}
	return nil
}

func (t *twin) Hold(context.Context, string, string, time.Duration) error {
	return t.change(func(t *twin) { t.Held = true })
}
func (t *twin) Resume(context.Context, string, string) error {
	return t.change(func(t *twin) { t.Held = false })
}

// twinClusters and twinRegions are the twin's other ports, whose names are taken.
type (
	twinClusters struct{ *twin }
	twinRegions  struct{ *twin }
)

func (x twinClusters) Follow(_ context.Context, region, _ string) error {
	return x.change(func(t *twin) { t.Leads[region] = false })
}

func (x twinClusters) Lead(_ context.Context, region string) error {
	return x.change(func(t *twin) {
		if !t.Leads[region] {
			t.Leads[region] = true
			t.Promotions[region]++
		}
	})
}

func (x twinClusters) Reserve(_ context.Context, region string) error {
	return x.change(func(t *twin) {
		if t.Reserved[region] == 0 {
			t.Reserved[region]++
		}
	})
}

func (x twinClusters) Standby(_ context.Context, region string) (bool, error) {
	return !x.now().Leads[region], nil
}

func (x twinClusters) Starves(context.Context, string, string) (bool, error) { return true, nil }

func (x twinClusters) Newest(context.Context, string, string) (time.Time, error) { return zero, nil }

func (x twinRegions) Fence(_ context.Context, w RegionWish) error {
	return x.change(func(t *twin) { t.Regions[w.Region] = w.Fenced })
}

func (x twinRegions) Lift(_ context.Context, region string) error {
	return x.change(func(t *twin) { delete(t.Regions, region) })
}

func (x twinRegions) Scale(_ context.Context, region string) error {
	return x.change(func(t *twin) { t.Scaled[region] = true })
}

func (x twinRegions) Rest(_ context.Context, region string) error {
	return x.change(func(t *twin) { delete(t.Scaled, region) })
}

func (x twinRegions) Move(_ context.Context, h Home) error {
	return x.change(func(t *twin) {
		if t.Serving != h.Serving {
			t.Serving = h.Serving
			t.Moves++
		}
	})
}

// Preload fails always: no move may care.
func (x twinRegions) Preload(context.Context, string) (Preloaded, error) {
	return Preloaded{}, errors.New("the cache is away")
}

func (x twinRegions) Capacity(string) (ready, wanted int) { return 3, 3 }

func (x twinRegions) Serve(_ context.Context, _, region string) error {
	now := x.now()
	if now.Serving != region || !now.writes(region) {
		return errors.New("503")
	}
	return nil
}

// twinCopies need none: each region has what the other needs.
type twinCopies struct{ *twin }

func (x twinCopies) WAL(_ context.Context, region string) (fact.PostgresWAL, error) {
	if !x.now().writes(region) {
		return fact.PostgresWAL{}, errors.New("it takes no writes")
	}
	return fact.PostgresWAL{At: time.Now(), Position: 1000}, nil
}

func (twinCopies) CopyFrom(context.Context, string, string, string) error {
	return errors.New("unexpected")
}

type twinObjects struct{ *twin }

// Drained may only be asked once nobody writes to the old region any more.
func (x twinObjects) Drained(_ context.Context, from, _ string, _ time.Time, _ []string) error {
	if x.now().writes(from) {
		return errors.New(from + " still takes writes")
	}
	return nil
}

func (t *twin) view(home, to string) (MoveView, error) {
	now := t.now()
	from := now.Serving
	v := MoveView{
		Home: home, From: from, To: to, Runs: true, Nodes: 3, Zones: 3, Targets: spec.Targets{RPO: spec.Duration(time.Minute)},
		Fenced: RegionWish{Fenced: now.Regions[from]}, Waits: RegionWish{Fenced: now.Regions[to]},
	}
	for region, into := range map[string]*fact.Postgres{from: &v.Source, to: &v.Target} {
		into.Lock, _ = t.Read(context.Background(), region+"/postgres")
		into.At, into.Members = time.Now(), t.Look(context.Background(), region+"/postgres")
	}
	v.Target.Newest, v.Target.NewestAt = time.Now(), time.Now()
	v.Source.WAL.At = time.Now()
	return v, nil
}

func (t *twin) mover() Mover {
	fences := func(cluster string) (PostgresView, error) {
		region, _, _ := strings.Cut(cluster, "/")
		v := PostgresView{Fences: map[string]Fence{}}
		for c, epoch := range t.now().Fenced {
			if strings.HasPrefix(c, region+"/") {
				v.Fences[c] = Fence{Component: c, Epoch: epoch}
			}
		}
		return v, nil
	}
	return Mover{
		Postgres: Postgres{Fencer: t, Locks: t, Members: t, Route: t, View: fences, Now: time.Now},
		Clusters: twinClusters{t}, Regions: twinRegions{t}, Objects: twinObjects{t}, Copies: twinCopies{t}, MoveView: t.view,
	}
}

func moveWorld(t *testing.T, kind string, args MoveArgs, start twin) crashtest.World {
	t.Helper()
	args.Home = east
	a, err := control.NewAction("k", kind, "home/"+east, args)
	if err != nil {
		t.Fatal(err)
	}
	return crashtest.World{
		Action: a,
		Setup:  func(dir string) error { return begin(dir, start) },
		Kinds: func(dir string, p *state.Projection) []control.Kind {
			blind, err := p.Get(control.Prefix+"k", &control.Operation{}) // a server that resumes has seen nothing yet
			if err != nil {
				panic(err)
			}
			m := readTwin(dir).mover()
			view := m.MoveView
			m.MoveView = func(home, to string) (MoveView, error) {
				if blind {
					blind = false
					return MoveView{Home: home, From: args.From, To: to}, nil
				}
				return view(home, to)
			}
			return m.Kinds()
		},
		Check: func(dir string, o control.Operation) error {
			now := readTwin(dir)
			switch {
			case o.State != control.Succeeded:
				return fmt.Errorf("it is %s: %s", o.State, o.Error)
			case now.Dual:
				return errors.New("two regions could have written at the same time")
			case now.Serving != args.To || !now.writes(args.To) || now.writes(args.From):
				return fmt.Errorf("it ended as %+v", now)
			case now.Promotions[args.To] != 1 || now.Promotions[args.From] != 0 || now.Moves != 1:
				return fmt.Errorf("promotions %v, %d moves: each effect must happen once", now.Promotions, now.Moves)
			case now.Held:
				return errors.New("clients are still held")
			case args.Mode == Ungraceful && now.fences(args.From) != 3:
				return errors.New("the old region is not fenced")
			}
			return nil
		},
	}
}

func TestEvacuateGracefullyCrashAnywhere_7_1_9(t *testing.T) {
	crashtest.Run(t, moveWorld(t, KindEvacuate, MoveArgs{From: east, To: west, Mode: Graceful}, twin{Leads: map[string]bool{east: true}, Serving: east}))
}

func TestEvacuateUngracefullyCrashAnywhere_7_1_9(t *testing.T) {
	crashtest.Run(t, moveWorld(t, KindEvacuate, MoveArgs{From: east, To: west, Mode: Ungraceful},
		twin{Leads: map[string]bool{east: true}, Dark: map[string]bool{east: true}, Serving: east}))
}

// The home region comes back and every one of its members believes that it leads.
func TestRestoreCrashAnywhere_7_1_9(t *testing.T) {
	fenced := map[string]string{}
	for _, z := range []string{"a", "b", "c"} {
		fenced[east+"/"+z+"/postgres"] = "e"
	}
	crashtest.Run(t, moveWorld(t, KindRestore, MoveArgs{From: west, To: east, Mode: Graceful},
		twin{Leads: map[string]bool{east: true, west: true}, Fenced: fenced, Regions: map[string]string{east: "e"}, Serving: west}))
}

// unkept is a store of state that keeps nothing: all is folded anew.
type unkept struct{}

func (unkept) Load(context.Context) (map[string]json.RawMessage, state.Position, error) {
	return map[string]json.RawMessage{}, state.Position{}, nil
}
func (unkept) Save(context.Context, map[string]json.RawMessage, state.Position) error { return nil }

func TestReserveCrashAnywhere(t *testing.T) {
	w := moveWorld(t, KindReserve, MoveArgs{}, twin{Leads: map[string]bool{east: true}, Serving: east})
	a, err := control.NewAction("k", KindReserve, east+"/postgres/slot", ReserveArgs{east + "/postgres", east})
	if err != nil {
		t.Fatal(err)
	}
	w.Action = a
	w.Check = func(dir string, o control.Operation) error {
		if now := readTwin(dir); o.State != control.Succeeded || now.Reserved[east] != 1 || !now.writes(east) {
			return fmt.Errorf("it is %s (%s): %+v", o.State, o.Error, now)
		}
		return nil
	}
	crashtest.Run(t, w)
}

func TestDecideReserve(t *testing.T) {
	t.Parallel()
	v := newStage().view
	if got := DecideReserve(east, v, zero); len(got) != 1 || got[0].Kind != KindReserve || got[0].Key != "reserve:us-east-1.postgres:1" {
		t.Fatalf("%+v", got)
	}
	v.Last = []control.Operation{{Action: control.Action{Key: "reserve:us-east-1.postgres:1"}, State: control.Failed, Ended: zero}}
	if got := DecideReserve(east, v, zero.Add(time.Second)); len(got) != 0 {
		t.Errorf("at once again: %+v", got)
	}
	v.Cluster.At = zero.Add(time.Minute)
	if got := DecideReserve(east, v, zero.Add(time.Minute)); len(got) != 1 || got[0].Key != "reserve:us-east-1.postgres:2" {
		t.Errorf("later again: %+v", got)
	}
	v.Cluster.Lock.Reserved = true
	if got := DecideReserve(east, v, zero.Add(time.Minute)); len(got) != 0 {
		t.Errorf("it has one: %+v", got)
	}
	v.Cluster.Lock.Reserved, v.Cluster.Lock.Leader = false, ""
	if got := DecideReserve(east, v, zero.Add(time.Minute)); len(got) != 0 {
		t.Errorf("nobody leads: %+v", got)
	}
}

// play carries one move out in this process and returns what has become of it.
func play(t *testing.T, kind string, args MoveArgs, start twin, change func(*control.Kind)) (control.Operation, *twin) {
	t.Helper()
	dir := t.TempDir()
	if err := begin(dir, start); err != nil {
		t.Fatal(err)
	}
	j, err := journal.Open(filepath.Join(dir, "journal"), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	p, err := state.Open(ctx, j, unkept{}, slog.New(slog.DiscardHandler), control.Fold, Fold)
	if err != nil {
		t.Fatal(err)
	}
	kinds := readTwin(dir).mover().Kinds()
	i := slices.IndexFunc(kinds, func(k control.Kind) bool { return k.Name == kind })
	if change != nil {
		change(&kinds[i])
	}
	c, err := control.Start(ctx, control.Config{State: p, Kinds: kinds, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); c.Close(); p.Close(); _ = j.Close() })
	args.Home = east
	a, err := control.NewAction("k", kind, "home/"+east, args)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Submit(ctx, a); err != nil {
		t.Fatal(err)
	}
	o, err := c.Wait(ctx, "k")
	if err != nil {
		t.Fatal(err)
	}
	return o, readTwin(dir)
}

func step(k *control.Kind, name string) *control.Step {
	return &k.Steps[slices.IndexFunc(k.Steps, func(s control.Step) bool { return s.Name == name })]
}

func TestWithoutProofNoRegionIsPromoted(t *testing.T) {
	t.Parallel()
	start := twin{Leads: map[string]bool{east: true}, Dark: map[string]bool{east: true}, Serving: east, NoProof: true}
	o, now := play(t, KindEvacuate, MoveArgs{From: east, To: west, Mode: Ungraceful}, start, nil)
	if o.State != control.RolledBack || now.Leads[west] || now.Regions[east] != "" || now.Scaled[west] || now.Serving != east {
		t.Fatalf("%s (%s), %+v", o.State, o.Error, now)
	}
	o, now = play(t, KindEvacuate, MoveArgs{From: east, To: west, Mode: Ungraceful, Dark: true}, start, nil)
	if o.State != control.Succeeded || !now.Leads[west] {
		t.Fatalf("vouched for: %s (%s), %+v", o.State, o.Error, now)
	}
}

// Before the new region is promoted a failed move is taken back; from then on it stays.
func TestAFailedMoveIsTakenBackUntilThePromotion(t *testing.T) {
	t.Parallel()
	fail := func(name string) func(*control.Kind) {
		return func(k *control.Kind) {
			step(k, name).Do = func(context.Context, *control.Run) (any, error) { return nil, errors.New("broken") }
		}
	}
	start := twin{Leads: map[string]bool{east: true}, Serving: east}
	for _, name := range []string{"warm", "hold", "fence", "demote"} {
		o, now := play(t, KindEvacuate, MoveArgs{From: east, To: west, Mode: Graceful}, start, fail(name))
		if o.State != control.RolledBack && name != "warm" || !now.writes(east) || now.Leads[west] || now.Held || now.Scaled[west] || now.Dual {
			t.Errorf("%s failed: %s (%s), %+v", name, o.State, o.Error, now)
		}
	}
	for _, name := range []string{"scale", "switch", "verify"} {
		o, now := play(t, KindEvacuate, MoveArgs{From: east, To: west, Mode: Graceful}, start, fail(name))
		if o.State != control.Failed || now.writes(east) || !now.writes(west) || now.Dual {
			t.Errorf("%s failed: %s (%s), %+v", name, o.State, o.Error, now)
		}
	}
}
