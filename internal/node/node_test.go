package node_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/driver/process"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/node"
)

// desk is a server that hands out what the test puts on it, and may be away.
type desk struct {
	mu      sync.Mutex
	a       node.Assignment
	away    bool
	posted  fact.Node
	given   int // assignments that were handed out
	changed chan struct{}
}

func newDesk(t *testing.T, a node.Assignment) *desk {
	t.Helper()
	d := &desk{changed: make(chan struct{})}
	d.put(t, a)
	return d
}

func (d *desk) put(t *testing.T, a node.Assignment) {
	t.Helper()
	if err := a.Seal(); err != nil {
		t.Fatal(err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.a = a
	close(d.changed)
	d.changed = make(chan struct{})
}

func (d *desk) Assignment(ctx context.Context, seen string) (node.Assignment, error) {
	for {
		d.mu.Lock()
		a, away, changed := d.a, d.away, d.changed
		if !away && a.Version != seen {
			d.given++
		}
		d.mu.Unlock()
		if away {
			return node.Assignment{}, errors.New("the server is away")
		}
		if a.Version != seen {
			return a, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return node.Assignment{}, ctx.Err()
		}
	}
}

func (d *desk) Post(_ context.Context, f fact.Node) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.posted = f
	return nil
}

// unit waits until what the node posts of its unit satisfies ok.
func (d *desk) unit(t *testing.T, what string, ok func(fact.Unit) bool) fact.Unit {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; {
		d.mu.Lock()
		units := d.posted.Units
		d.mu.Unlock()
		if len(units) > 0 && ok(units[0]) {
			return units[0]
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: %+v", what, units)
		}
	}
}

func assignment(script string) node.Assignment {
	return node.Assignment{Region: "r", Zone: "a", Units: []node.Unit{{
		Name: "engine", Argv: []string{"/bin/sh", "-c", script}, Stop: "TERM", Grace: 5,
		Files: []node.File{{Path: "conf", Content: "home is {home}"}},
	}}}
}

// run starts a node on dir and returns what ends it alone.
func run(t *testing.T, dir string, d *desk) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	n := node.New(node.Config{Dir: dir, Host: node.Host{UID: -1, GID: -1}, Server: d, Log: slog.New(slog.DiscardHandler), Runner: runner()})
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
	}
	t.Cleanup(func() {
		stop()
		if _, err := process.KillUnit(context.Background(), filepath.Join(dir, "engine")); err != nil {
			t.Error(err)
		}
	})
	return stop
}

func running(u fact.Unit) bool { return u.State == fact.UnitRunning }

// A fence that could not be laid is laid once it can be, without another word from the server.
func TestAFenceThatCannotBeLaidIsTriedAgain(t *testing.T) {
	t.Parallel()
	a := assignment(forever)
	d := newDesk(t, a)
	dir := t.TempDir()
	run(t, dir, d)
	d.unit(t, "it runs", running)
	marker := filepath.Join(dir, "engine.fenced")
	if err := os.Mkdir(marker, 0o700); err != nil { // where its file goes
		t.Fatal(err)
	}
	a.Fenced = map[string]node.Fence{"engine": {Epoch: "7", Reason: "it hangs"}}
	d.put(t, a)
	for deadline := time.Now().Add(time.Minute); ; { // the first time it fails, so it is asked for again
		d.mu.Lock()
		given := d.given
		d.mu.Unlock()
		if given >= 3 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("an assignment that could not be applied is not tried again: it was handed out %d times", given)
		}
	}
	if err := os.Remove(marker); err != nil {
		t.Fatal(err)
	}
	d.unit(t, "it is fenced", func(u fact.Unit) bool { return u.State == fact.UnitFenced && u.Fence == "7" })
}

const forever = "while :; do sleep 0.05; done"

func TestAUnitThatDiesIsStartedAgain(t *testing.T) {
	t.Parallel()
	d := newDesk(t, assignment(forever))
	dir := t.TempDir()
	run(t, dir, d)
	first := d.unit(t, "it never ran", running)
	if b, err := os.ReadFile(filepath.Join(dir, "engine", "conf")); err != nil || string(b) != "home is "+filepath.Join(dir, "engine") {
		t.Fatalf("its file: %q %v", b, err)
	}
	p, _ := process.Adopt(filepath.Join(dir, "engine.pid"))
	if err := p.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if again := d.unit(t, "it did not come back", func(u fact.Unit) bool { return running(u) && u.PID != first.PID }); again.Restarts != 1 {
		t.Fatalf("%+v", again)
	}
}

// A node that is restarted adopts what runs, also while the server is away.
func TestTheNextNodeAdopts(t *testing.T) {
	t.Parallel()
	d := newDesk(t, assignment(forever))
	dir := t.TempDir()
	stop := run(t, dir, d)
	first := d.unit(t, "it never ran", running)
	stop()
	d.mu.Lock()
	d.away, d.posted = true, fact.Node{}
	d.mu.Unlock()
	run(t, dir, d)
	if u := d.unit(t, "nobody adopted it", running); u.PID != first.PID || u.Restarts != 0 {
		t.Fatalf("%+v, before %+v", u, first)
	}
}

// A fence kills, is proved by its epoch, survives a restart of the node without the
// server, and is lifted only by a server that is there.
func TestAFenceHoldsUntilALiveServerLiftsIt(t *testing.T) {
	t.Parallel()
	a := assignment(forever)
	d := newDesk(t, a)
	dir := t.TempDir()
	stop := run(t, dir, d)
	d.unit(t, "it never ran", running)
	fenced := a
	fenced.Fenced = map[string]node.Fence{"engine": {Epoch: "e1", Reason: "test"}}
	d.put(t, fenced)
	proved := func(u fact.Unit) bool { return u.State == fact.UnitFenced && u.Fence == "e1" && u.PID == 0 }
	d.unit(t, "the fence is not proved", proved)
	left, err := process.Members(filepath.Join(dir, "engine"))
	if err != nil || len(left) != 0 {
		t.Fatalf("left after the proof: %v %v", left, err)
	}
	stop()
	d.mu.Lock()
	d.away, d.posted = true, fact.Node{}
	d.mu.Unlock()
	run(t, dir, d)
	d.unit(t, "the next node forgot the fence", proved)
	d.mu.Lock()
	d.away = false
	d.mu.Unlock()
	d.put(t, a)
	d.unit(t, "it was not lifted", running)
}

// A marker that cannot be read keeps the unit dead: when in doubt, no second primary.
func TestAnUnreadableMarkerFences(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "engine.fenced"), []byte("{half"), 0o600); err != nil {
		t.Fatal(err)
	}
	d := newDesk(t, assignment(forever))
	d.away = true
	if err := node.WriteFence(dir, "other", node.Fence{Epoch: "x"}); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(dir, "other.fenced"))
	if err != nil || !strings.Contains(string(b), `"epoch":"x"`) {
		t.Fatalf("%q %v", b, err)
	}
	// The last assignment is on disk, as after a restart of the host.
	first := t.TempDir()
	f := newDesk(t, assignment(forever))
	stop := run(t, first, f)
	f.unit(t, "it never ran", running)
	stop()
	last, err := os.ReadFile(filepath.Join(first, "assignment.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "assignment.json"), last, 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, dir, d)
	d.unit(t, "an unreadable marker was ignored", func(u fact.Unit) bool { return u.State == fact.UnitFenced })
}

// The version tells whether a unit runs what it would be started from now.
func TestVersionFollowsContent(t *testing.T) {
	t.Parallel()
	a, b := assignment("x").Units[0], assignment("x").Units[0]
	if a.Version() != b.Version() {
		t.Fatal("the same unit has two versions")
	}
	b.Files[0].Content = "other"
	if a.Version() == b.Version() {
		t.Fatal("a changed file does not change the version")
	}
}

// StopUnits asks first; what lives on after its grace is killed.
func TestStopUnitsLeavesNothing(t *testing.T) {
	t.Parallel()
	a := assignment("trap 'echo asked > asked' TERM; echo > armed; " + forever)
	a.Units[0].Grace = 0.5
	d := newDesk(t, a)
	dir := t.TempDir()
	stop := run(t, dir, d)
	d.unit(t, "it never ran", func(u fact.Unit) bool {
		_, err := os.Stat(filepath.Join(dir, "engine", "armed")) // a shell that has no trap yet dies unasked
		return err == nil && running(u)
	})
	stop()
	n := node.New(node.Config{Dir: dir, Host: node.Host{UID: -1, GID: -1}, Server: d, Log: slog.New(slog.DiscardHandler)})
	if err := n.StopUnits(t.Context()); err != nil {
		t.Fatal(err)
	}
	left, err := process.Members(filepath.Join(dir, "engine"))
	if err != nil || len(left) != 0 {
		t.Fatalf("left: %v %v", left, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "engine", "asked")); err != nil {
		t.Error("it was not asked first")
	}
}
