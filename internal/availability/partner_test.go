package availability

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/control/crashtest"
	"github.com/greenlang/fournines/internal/evidence"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/state"
)

// outrun makes the copy of a pair need what its partner has no more, for a minute.
func outrun(v *MoveView) {
	now := v.Source.Members[0].Seen
	v.Source.WAL = fact.PostgresWAL{At: now, Member: "e", Position: 5000, Oldest: 4500, Outrun: now.Add(-time.Minute)}
	v.Target.Members[0].State = "in archive recovery"
}

func TestOutrun(t *testing.T) {
	t.Parallel()
	now := zero.Add(time.Hour)
	for _, c := range []struct {
		name   string
		change func(*MoveView)
		want   string // a part; empty: it can follow, or nobody knows
	}{
		{"it needs what is gone", func(*MoveView) {}, "w needs write-ahead log"},
		{"it says for a moment that it streams", func(v *MoveView) { v.Target.Members[0].State = "streaming" }, "w needs write-ahead log"},
		{"it has enough", func(v *MoveView) { v.Target.Members[0].Received = 4500 }, ""},
		{"it has replayed enough before it was restarted", func(v *MoveView) { v.Target.Members[0].Received, v.Target.Members[0].Replayed = 0, 4500 }, ""},
		{"it still replays what it has", func(v *MoveView) { v.Target.Members[0].Moved = now.Add(-time.Second) }, ""},
		{"it copies", func(v *MoveView) { v.Target.Members[0].State = "creating replica" }, ""},
		{"it was not seen lately", func(v *MoveView) { v.Target.Members[0].Seen = now.Add(-time.Minute) }, ""},
		{"nobody knows what it has", func(v *MoveView) { v.Target.Members[0].Received = 0 }, ""},
		{"nobody knows what its partner has", func(v *MoveView) { v.Source.WAL.At = now.Add(-time.Minute) }, ""},
		{"its slot is lost, and no more is known", func(v *MoveView) { v.Source.WAL.Oldest, v.Source.WAL.Partner.Status = 0, "lost" }, "e has removed write-ahead log that w needs"},
		{"its slot is lost, and what it needs is still there", func(v *MoveView) { v.Source.WAL.Oldest, v.Source.WAL.Partner.Status = 1000, "lost" }, ""},
		{"it leads", func(v *MoveView) { v.Target.Lock.Standby = false }, ""},
		{"its partner follows", func(v *MoveView) { v.Source.Lock.Standby = true }, ""},
		{"nobody leads it", func(v *MoveView) { v.Target.Lock.Leader = "" }, ""},
		{"nobody leads it and none can start", func(v *MoveView) {
			v.Target.Lock.Leader, v.Target.Members[0].State, v.Target.Members[0].Broken = "", "start failed", now.Add(-time.Minute)
		}, "w cannot start from what it has"},
		{"it has failed to start for a moment", func(v *MoveView) {
			v.Target.Members[0].State, v.Target.Members[0].Broken = "start failed", now.Add(-time.Second)
		}, ""},
	} {
		v := pairView(now)
		outrun(&v)
		c.change(&v)
		got := Outrun(v.Source, v.Target, now)
		if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
		r := PostgresReadiness(PostgresView{Cluster: v.Target, Source: v.Source}, now)
		if said := strings.Contains(strings.Join(r.Reasons, "; "), "copied anew"); said != (c.want != "") || said && r.Ready {
			t.Errorf("%s: %+v", c.name, r)
		}
	}
}

// What ends it is that the copy follows, or leads; not that nobody knows.
func TestOutrunSince(t *testing.T) {
	t.Parallel()
	now := zero.Add(time.Hour)
	was := now.Add(-time.Minute)
	for _, c := range []struct {
		name         string
		change       func(*MoveView)
		before, want time.Time
	}{
		{"at first", func(*MoveView) {}, time.Time{}, now},
		{"still", func(*MoveView) {}, was, was},
		{"nobody knows", func(v *MoveView) { v.Target.Members[0].Seen = was }, was, was},
		{"it copies", func(v *MoveView) { v.Target.Members[0].State = "creating replica" }, was, was},
		{"it says for a moment that it streams", func(v *MoveView) { v.Target.Members[0].State = "streaming" }, was, was},
		{"it streams", func(v *MoveView) { v.Target.Members[0].State, v.Target.Members[0].Received = "streaming", 4500 }, was, time.Time{}},
		{"it streamed when it was seen", func(v *MoveView) {
			v.Target.Members[0].State, v.Target.Members[0].Received, v.Target.Members[0].Seen = "streaming", 4500, was
		}, was, was},
		{"nobody knows what its partner has", func(v *MoveView) {
			v.Target.Members[0].State, v.Target.Members[0].Received, v.Source.WAL.At = "streaming", 4500, was
		}, was, was},
		{"it leads", func(v *MoveView) { v.Target.Lock.Standby = false }, was, time.Time{}},
	} {
		v := pairView(now)
		outrun(&v)
		c.change(&v)
		if got := OutrunSince(c.before, v.Source, v.Target, now); !got.Equal(c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestBrokenSince(t *testing.T) {
	t.Parallel()
	now := zero.Add(time.Hour)
	was := now.Add(-time.Minute)
	for _, c := range []struct {
		name         string
		m            fact.PostgresMember
		oldest       int64
		before, want time.Time
	}{
		{"it fails to start", fact.PostgresMember{State: "start failed"}, 0, time.Time{}, now},
		{"it still fails", fact.PostgresMember{State: "crashed"}, 0, was, was},
		{"it starts", fact.PostgresMember{State: "starting"}, 0, was, was},
		{"it streams", fact.PostgresMember{State: "streaming", Received: 100}, 100, was, time.Time{}},
		{"it says for a moment that it streams", fact.PostgresMember{State: "streaming", Received: 1}, 100, was, was},
		{"it needs what is gone", fact.PostgresMember{State: "in archive recovery", Received: 99}, 100, time.Time{}, now},
		{"it needs what is gone, and gets further", fact.PostgresMember{State: "in archive recovery", Received: 99, Moved: now}, 100, was, time.Time{}},
		{"it has enough", fact.PostgresMember{State: "in archive recovery", Received: 99, Replayed: 100}, 100, was, time.Time{}},
		{"nobody knows what its leader has", fact.PostgresMember{State: "in archive recovery", Received: 99}, 0, time.Time{}, time.Time{}},
		{"it is copied", fact.PostgresMember{State: "creating replica"}, 100, was, time.Time{}},
	} {
		if got := BrokenSince(c.before, c.m, c.oldest, now); !got.Equal(c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func recopy(state string, began, ended time.Time, n int) control.Operation {
	return control.Operation{Action: control.Action{Key: fmt.Sprintf("recopy:us-west-2.postgres:%d", n), Kind: KindRecopy, Subject: HomeSubject("us-east-1")}, State: state, Begun: began, Ended: ended}
}

func TestDecideRecopy(t *testing.T) {
	t.Parallel()
	now := zero.Add(time.Hour)
	ended := func(n int, state string) (out []control.Operation) {
		for i := range n {
			at := now.Add(-time.Duration(n-i) * time.Minute)
			out = append(out, recopy(state, at, at.Add(time.Second), i+1))
		}
		return out
	}
	tried := func(n int) []control.Operation { return ended(n, control.Failed) }
	for _, c := range []struct {
		name   string
		change func(*MoveView)
		key    string // empty: nothing is done
		told   string // the finding's severity, and a part of its text
	}{
		{"outrun", func(*MoveView) {}, "recopy:us-west-2.postgres:1", "warning fournines copies it as soon as us-east-1 serves"},
		{"for a moment", func(v *MoveView) { v.Source.WAL.Outrun = now.Add(-time.Second) }, "", "warning must be"},
		{"it can follow", func(v *MoveView) { v.Target.Members[0].Received = 4800 }, "", "warning it needed write-ahead log"},
		{"its home is silent", func(v *MoveView) { v.Source.Members[0].Seen = now.Add(-10 * time.Second) }, "", "warning as soon as"},
		{"its home is fenced", func(v *MoveView) { v.Fenced.Fenced = "e" }, "", "warning as soon as"},
		{"it is fenced", func(v *MoveView) { v.Waits.Fenced = "e" }, "", "warning as soon as"},
		{"it leads", func(v *MoveView) { v.Target.Lock.Standby = false }, "", "warning it needed"},
		{"customers are moved", func(v *MoveView) { v.Busy = "evacuate-1" }, "", "warning as soon as"},
		{"the link is cut", func(v *MoveView) {
			v.There = fact.Link{From: east, To: west, At: now, Heard: now.Add(-time.Minute), Missed: 100}
			v.Back = fact.Link{From: west, To: east, At: now, Heard: now.Add(-time.Minute), Missed: 100}
		}, "", "warning as soon as"},
		{"Patroni is paused", func(v *MoveView) { v.Target.Lock.Paused = true }, "", "warning as soon as"},
		{"a copy failed", func(v *MoveView) { v.Last = tried(1) }, "recopy:us-west-2.postgres:2", "warning as soon as"},
		{"a copy failed just now", func(v *MoveView) { v.Last = []control.Operation{recopy(control.Failed, now.Add(-time.Minute), now, 1)} }, "", "warning as soon as"},
		{"it is copied", func(v *MoveView) { v.Last = []control.Operation{recopy(control.Running, now, time.Time{}, 1)} }, "", "warning copies it now"},
		{"three copies failed within an hour", func(v *MoveView) { v.Last = tried(3) }, "", "critical has tried 3 times within an hour and tries again at 01:57:00"},
		{"eleven copies within an hour, which helped", func(v *MoveView) { v.Last = ended(11, control.Succeeded) }, "recopy:us-west-2.postgres:12", "warning as soon as"},
		{"twelve", func(v *MoveView) { v.Last = ended(12, control.Succeeded) }, "", "critical has tried 12 times within an hour and tries again at 01:48:00"},
		{"and an hour later", func(v *MoveView) {
			v.Last = tried(3)
			for i := range v.Last {
				v.Last[i].Begun, v.Last[i].Ended = v.Last[i].Begun.Add(-time.Hour), v.Last[i].Ended.Add(-time.Hour)
			}
		}, "recopy:us-west-2.postgres:4", "warning as soon as"},
	} {
		v := pairView(now)
		outrun(&v)
		c.change(&v)
		key := ""
		for _, a := range DecideRecopy(v, now) {
			key = a.Key
			if a.Subject != HomeSubject(east) || a.Actor == "" || a.Approval || !strings.Contains(a.Reason, "w needs") {
				t.Errorf("%s: %+v", c.name, a)
			}
		}
		if key != c.key {
			t.Errorf("%s: %q, want %q", c.name, key, c.key)
		}
		f, told := PartnerFinding(v, now)
		severity, part, _ := strings.Cut(c.told, " ")
		if text := f.Title + ". " + f.Text; !told || f.Code != CodeOutrun || f.Severity != severity || f.Subject != west+"/postgres" || !strings.Contains(text, part) {
			t.Errorf("%s: %v %+v, want %q", c.name, told, f, c.told)
		}
	}
	v := pairView(now)
	if f, told := PartnerFinding(v, now); told {
		t.Errorf("all is well: %+v", f)
	}
}

// A slot that will soon not keep what its reader needs is told of, with how long that takes.
func TestASlotIsToldOfBeforeItsEnd(t *testing.T) {
	t.Parallel()
	now := zero.Add(time.Hour)
	was := now.Add(-time.Minute)
	for _, c := range []struct {
		name   string
		rate   float64
		slot   fact.PostgresSlot
		before time.Time
		want   time.Time
		part   string
	}{
		{"it is read", 1 << 20, fact.PostgresSlot{Exists: true, Active: true, Status: "reserved", Safe: 1 << 30}, was, time.Time{}, ""},
		{"nobody reads it, and it is long", 1 << 10, fact.PostgresSlot{Exists: true, Status: "reserved", Safe: 1 << 30}, was, time.Time{}, ""},
		{"nobody reads it", 1 << 20, fact.PostgresSlot{Exists: true, Status: "reserved", Safe: 1 << 30}, time.Time{}, now, "nobody streams through it. 1024 MiB more may be written, which is 17m4s at the rate of late"},
		{"nobody knows the rate", 0, fact.PostgresSlot{Exists: true, Status: "reserved", Safe: 1 << 30}, time.Time{}, time.Time{}, ""},
		{"it has no limit", 1 << 20, fact.PostgresSlot{Exists: true, Status: "reserved", Safe: -1}, time.Time{}, time.Time{}, ""},
		{"it is extended", 0, fact.PostgresSlot{Exists: true, Active: true, Status: "extended", Safe: 1 << 20}, was, was, "is extended. 1 MiB more"},
		{"it is lost", 0, fact.PostgresSlot{Exists: true, Status: "lost", Safe: -1}, was, was, "is lost, and nobody streams through it"},
		{"there is none", 1 << 20, fact.PostgresSlot{}, was, time.Time{}, ""},
	} {
		v := pairView(now)
		v.Source.WAL = fact.PostgresWAL{At: now, Member: "e", Rate: c.rate, Partner: c.slot}
		got := StrainedSince(c.before, v.Source.WAL, now)
		if !got.Equal(c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
		v.Source.WAL.Partner.Strained = got
		f, told := PartnerFinding(v, now)
		if told != (c.part != "") || !strings.Contains(f.Text, c.part) || told && (f.Code != "partner-behind" || f.Severity != evidence.Warning) {
			t.Errorf("%s: %v %+v", c.name, told, f)
		}
	}
}

// distant is a standby cluster that its partner has outrun, in a file: it outlives the process
// that is killed.
type distant struct {
	path string

	Zones  []string
	Leader string
	Fresh  map[string]bool // members that could follow
	Copies int             // from the other region
	Clones int             // from its own leader
	Leads  int             // changes of its leader
	Gone   bool            // the last copy was removed while there was no other
	Led    bool            // it takes writes: a person has promoted it
}

func readDistant(dir string) *distant {
	x := &distant{path: filepath.Join(dir, "apart.json")}
	b, err := os.ReadFile(x.path)
	if err == nil {
		err = json.Unmarshal(b, x)
	}
	if err != nil {
		panic(err)
	}
	return x
}

func (x *distant) keep(dir string) error {
	b, err := json.Marshal(x)
	if err != nil {
		return err
	}
	path := filepath.Join(dir, "apart.json")
	if err := os.WriteFile(path+".tmp", b, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".tmp", path)
}

func (x *distant) now() *distant { return readDistant(filepath.Dir(x.path)) }

func (x *distant) change(f func(*distant) error) error {
	lock, err := os.OpenFile(x.path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer lock.Close() //nolint:errcheck // test
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return err
	}
	now := x.now()
	if err := f(now); err != nil {
		return err
	}
	return now.keep(filepath.Dir(x.path))
}

func (x *distant) Read(context.Context, string) (fact.PostgresLock, error) {
	now := x.now()
	return fact.PostgresLock{Leader: now.Leader, Lease: 1, Standby: !now.Led}, nil
}

func (*distant) Release(context.Context, string, string, int64, string) error {
	return errors.New("unexpected")
}

func (x *distant) Look(context.Context, string) (out []fact.PostgresMember) {
	now := x.now()
	for _, z := range now.Zones {
		m := fact.PostgresMember{Name: z, ID: west + "/" + z + "/postgres", Seen: time.Now(), Role: "replica", State: "streaming", Received: 100}
		if now.Fresh[z] {
			m.Received = 2000
		}
		if now.Fresh[z] && !now.Fresh[now.Leader] {
			m.State = "in archive recovery"
		}
		if z == now.Leader {
			m.Role = "standby_leader"
		}
		out = append(out, m)
	}
	return out
}

func (x *distant) Switchover(_ context.Context, _, leader, candidate string) error {
	return x.change(func(x *distant) error {
		if x.Leader != leader || !x.Fresh[candidate] {
			return errors.New("it does not lead, or the other could not")
		}
		x.Leader = candidate
		x.Leads++
		return nil
	})
}

func (x *distant) Checkpoint(context.Context, string, string, time.Duration) error {
	return errors.New("unexpected")
}

func (x *distant) Reclone(_ context.Context, _, member string) error {
	return x.change(func(x *distant) error {
		if x.Leader == member || !x.Fresh[x.Leader] {
			return errors.New("there is nothing to copy from")
		}
		x.Fresh[member] = true
		x.Clones++
		return nil
	})
}

func (x *distant) WAL(context.Context, string) (fact.PostgresWAL, error) {
	return fact.PostgresWAL{At: time.Now(), Member: east + "/a/postgres", Position: 2000, Oldest: 1000}, nil
}

func (x *distant) CopyFrom(_ context.Context, _, member, _ string) error {
	return x.change(func(x *distant) error {
		x.Gone = x.Gone || x.Leader == member && len(x.Zones) > 1
		x.Fresh[member] = true
		x.Copies++
		return nil
	})
}

func (x *distant) mover() Mover {
	view := func(string) (PostgresView, error) { return PostgresView{}, nil }
	return Mover{Postgres: Postgres{Locks: x, Members: x, Now: time.Now, View: view}, Copies: x, MoveView: func(home, to string) (MoveView, error) {
		v := pairView(time.Now())
		outrun(&v)
		v.Target.Lock, _ = x.Read(context.Background(), "")
		v.Target.Members = x.Look(context.Background(), "")
		return v, nil
	}}
}

func recopyWorld(t *testing.T, zones ...string) crashtest.World {
	t.Helper()
	a, err := control.NewAction("k", KindRecopy, HomeSubject(east), RecopyArgs{east, east, west})
	if err != nil {
		t.Fatal(err)
	}
	return crashtest.World{
		Action: a,
		Setup: func(dir string) error {
			return (&distant{Zones: zones, Leader: "a", Fresh: map[string]bool{}}).keep(dir)
		},
		Kinds: func(dir string, _ *state.Projection) []control.Kind { return readDistant(dir).mover().Kinds() },
		Check: func(dir string, o control.Operation) error {
			now := readDistant(dir)
			if o.State != control.Succeeded || now.Copies != 1 || now.Clones != len(zones)-1 || now.Leads != min(len(zones)-1, 1) || now.Gone || len(now.Fresh) != len(zones) {
				return fmt.Errorf("it is %s (%s): %+v", o.State, o.Error, now)
			}
			return nil
		},
	}
}

func TestRecopyCrashAnywhere_7_1_9(t *testing.T) { crashtest.Run(t, recopyWorld(t, "a", "b", "c")) }

func TestRecopyOfOneZoneCrashAnywhere_7_1_9(t *testing.T) { crashtest.Run(t, recopyWorld(t, "a")) }

// Nothing is removed from a cluster that leads by now, nor while the other region does not
// serve; what guards it looks again.
func TestNothingIsRemovedThatIsNeeded(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*distant, *Mover)
		want   string
	}{
		"it leads by now": {func(x *distant, _ *Mover) {
			if err := x.change(func(x *distant) error { x.Led = true; return nil }); err != nil {
				t.Error(err)
			}
		}, "leads by now"},
		"the other region is away": {func(x *distant, m *Mover) {
			m.Copies = away{x}
			begun, looks := time.Now(), 0
			m.Now = func() time.Time { looks++; return begun.Add(time.Duration(looks) * time.Second) }
		}, "us-east-1 has no primary"},
	} {
		dir := t.TempDir()
		if err := (&distant{Zones: []string{"a", "b"}, Leader: "a", Fresh: map[string]bool{}}).keep(dir); err != nil {
			t.Fatal(err)
		}
		x := readDistant(dir)
		m := x.mover()
		c.change(x, &m)
		for _, step := range []func(context.Context, string, string) (any, error){m.copyFirst, m.leadCopied, func(ctx context.Context, from, to string) (any, error) {
			return m.copyOthers(ctx, from, to, true, true)
		}} {
			if _, err := step(t.Context(), east, west); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: %v, want %q", name, err, c.want)
			}
		}
		if now := x.now(); now.Copies+now.Clones+now.Leads != 0 {
			t.Errorf("%s: %+v", name, now)
		}
		a, err := control.NewAction("k", KindRecopy, HomeSubject(east), RecopyArgs{east, west, east})
		if err != nil {
			t.Fatal(err)
		}
		if err := m.guardRecopy(t.Context(), a); err == nil {
			t.Error("customers have moved, and the guard has not seen it")
		}
	}
}

type away struct{ *distant }

func (away) WAL(context.Context, string) (fact.PostgresWAL, error) {
	return fact.PostgresWAL{}, errors.New("us-east-1 has no primary")
}
