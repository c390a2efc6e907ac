package replicator_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/availability/wiring/replicator"
	"github.com/greenlang/fournines/internal/driver/s3"
	"github.com/greenlang/fournines/internal/driver/s3/s3test"
	"github.com/greenlang/fournines/internal/fact"
)

// env tells a test binary that it is to be a replicator that kills itself at its Nth boundary.
const env = "FOURNINES_REPLICATOR_TEST"

type life struct {
	A, B  s3.Options
	Kill  int64
	Round bool // one round, of what the feeds name; otherwise a comparison of everything
}

func TestMain(m *testing.M) {
	if text := os.Getenv(env); text != "" {
		if err := live(text); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	s3test.Main(m)
}

func live(text string) error {
	var l life
	if err := json.Unmarshal([]byte(text), &l); err != nil {
		return err
	}
	a, err := s3.New(l.A)
	if err != nil {
		return err
	}
	b, err := s3.New(l.B)
	if err != nil {
		return err
	}
	var boundary atomic.Int64
	r := &replicator.Replicator{
		A: replicator.End{Region: "east", Store: a}, B: replicator.End{Region: "west", Store: b}, Now: time.Now, Report: func(fact.ObjectMirror) {},
		At: func(string) {
			if boundary.Add(1) == l.Kill {
				_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
				select {}
			}
		},
	}
	if _, err = r.Round(context.Background()); err == nil && !l.Round {
		_, err = r.Pass(context.Background())
	}
	return err
}

// The replicator is killed with SIGKILL at each boundary of its work, one after another.
// Whoever comes next completes it, and no version is there twice.
func TestKilledAtEachBoundary(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	deaths := 0
	for kill := int64(1); ; kill++ {
		east, west := w.stores[0], w.stores[1]
		key := func(n int) string { return fmt.Sprintf("%02d/%d", kill, n) }
		put(t, east, key(1), "one")
		put(t, east, key(1), "two")
		put(t, east, key(2), "gone")
		hide(t, east, key(2))
		put(t, west, key(3), "three")
		killed := w.lifeOf(t, kill, false)
		if killed {
			deaths++
		}
		w.settle(t, w.replicator())
		if a, b := says(t, east), says(t, west); a != b || strings.Contains(a, "gone") || strings.Count(a, fmt.Sprintf("%02d/", kill)) != 2 {
			t.Fatalf("killed at boundary %d: %q and %q", kill, a, b)
		}
		// East: two, one and its marker, and a copy. West: two copies; one, its tombstone and marker, which a
		// death between them leaves one of; its own.
		if a, b := versions(t, east), versions(t, west); a != int(kill)*5 || b != int(kill)*6 {
			t.Fatalf("killed at boundary %d: %d and %d versions, want %d and %d", kill, a, b, kill*5, kill*6)
		}
		if !killed {
			break
		}
	}
	if deaths < 8 {
		t.Errorf("only %d boundaries were met", deaths)
	}
	if len(w.conflicts) > 0 {
		t.Errorf("%+v", w.conflicts)
	}
}

// The same with what the feeds name, of which whoever comes next gets to know nothing from anything else. First a put is
// there before any feed, so that the deaths begin with those around a feed's beginning.
func TestKilledAtEachBoundaryOfARound(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	east, west := w.stores[0], w.stores[1]
	put(t, east, "before", "any feed")
	deaths := 0
	for kill := int64(1); w.lifeOf(t, kill, false); kill++ {
		deaths++
	}
	w.want(t, "before=any feed")
	for kill := int64(1); ; kill++ {
		key := func(n int) string { return fmt.Sprintf("%02d/%d", kill, n) }
		put(t, east, key(1), "one")
		put(t, east, key(1), "two")
		put(t, east, key(2), "gone")
		hide(t, east, key(2))
		put(t, west, key(3), "three")
		killed := w.lifeOf(t, kill, true)
		if killed {
			deaths++
		}
		next := w.replicator()
		for n := 1; n > 0; {
			var err error
			if n, err = next.Round(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if m := w.facts["east"]; m.Why != "" || m.Whole.IsZero() {
			t.Fatalf("killed at boundary %d: %+v", kill, m)
		}
		if a, b := says(t, east), says(t, west); a != b || strings.Contains(a, "gone") || strings.Count(a, fmt.Sprintf("%02d/", kill)) != 2 {
			t.Fatalf("killed at boundary %d: %q and %q", kill, a, b)
		}
		if a, b := versions(t, east), versions(t, west); a != 1+int(kill)*5 || b != 1+int(kill)*6 {
			t.Fatalf("killed at boundary %d: %d and %d versions, want %d and %d", kill, a, b, 1+kill*5, 1+kill*6)
		}
		if !killed {
			break
		}
	}
	if deaths < 15 {
		t.Errorf("only %d boundaries were met", deaths)
	}
	if n := w.pass(t, w.replicator()); n != 0 || len(w.conflicts) > 0 {
		t.Errorf("comparing everything finds %d keys; %+v", n, w.conflicts)
	}
}

// lifeOf runs a replicator in a process of its own and tells whether it was killed.
func (w *world) lifeOf(t *testing.T, kill int64, round bool) bool {
	t.Helper()
	options := func(g *s3test.Gateway) s3.Options {
		return s3.Options{Endpoint: "http://" + g.Options.Listen, Bucket: bucket, Credentials: s3.Credentials{AccessKey: g.Options.AccessKey, SecretKey: g.Options.SecretKey}}
	}
	b, err := json.Marshal(life{options(w.gateways[0]), options(w.gateways[1]), kill, round})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), env+"="+string(b))
	out, err := cmd.CombinedOutput()
	if err == nil {
		return false
	}
	if s, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || s.Signal() != syscall.SIGKILL {
		t.Fatalf("%v: %s", err, out)
	}
	return true
}
