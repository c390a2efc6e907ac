package replicator_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/availability/wiring/replicator"
	"github.com/greenlang/fournines/internal/driver/s3"
	"github.com/greenlang/fournines/internal/driver/s3/feed"
	"github.com/greenlang/fournines/internal/driver/s3/s3test"
	"github.com/greenlang/fournines/internal/fact"
)

// through puts a proxy before both stores of a replicator, which counts what it asks for.
func (w *world) through(t testing.TB, r *replicator.Replicator) (proxies [2]*s3test.Proxy) {
	t.Helper()
	for i, e := range []*replicator.End{&r.A, &r.B} {
		proxies[i] = s3test.NewProxy(t, w.gateways[i].Options.Listen)
		e.Store = proxies[i].Open(t, w.gateways[i], bucket, nil)
	}
	return proxies
}

// run lets a replicator work until the test ends, or stop is called.
func run(t testing.TB, r *replicator.Replicator) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { r.Run(ctx) })
	stop = sync.OnceFunc(func() {
		cancel()
		running.Wait()
	})
	t.Cleanup(stop)
	return stop
}

// await waits for both directions to be as they should.
func (w *world) await(t testing.TB, what string, are func(fact.ObjectMirror) bool) {
	t.Helper()
	for limit := time.After(5 * time.Minute); ; {
		w.mu.Lock()
		a, b, changed := w.facts["east"], w.facts["west"], w.changed
		w.mu.Unlock()
		if are(a) && are(b) {
			return
		}
		select {
		case <-changed:
		case <-limit:
			t.Fatalf("%s: %+v and %+v", what, a, b)
		}
	}
}

func wholeAfter(at time.Time) func(fact.ObjectMirror) bool {
	return func(m fact.ObjectMirror) bool { return m.Whole.After(at) }
}

// manyKeys is how many keys there are, if FOURNINES_KEYS does not say another number.
func manyKeys(t testing.TB, n int) int {
	t.Helper()
	if text := os.Getenv("FOURNINES_KEYS"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil {
			t.Fatalf("FOURNINES_KEYS: %v", err)
		}
	}
	return n
}

// One put among many keys comes to the other side, and a move may begin, without any listing; also when the
// replicator has just been started, and when everything is compared meanwhile.
func TestAPutCostsNoListingOfWhatExists(t *testing.T) {
	t.Parallel()
	keys := manyKeys(t, 5_000)
	w := start(t, nil)
	for _, g := range w.gateways {
		g.Seed(t, bucket, keys)
	}
	r := w.replicator()
	first := w.through(t, r)
	stop := run(t, r)
	w.await(t, "everything was never compared", wholeAfter(time.Time{}))
	listed := [2]int32{first[0].Lists(), first[1].Lists()}
	if least := int32(keys / 1000); listed[0] < least || listed[1] < least { //nolint:gosec // not that many
		t.Fatalf("%v listings compared %d keys", listed, keys)
	}
	put(t, w.stores[0], "k/015000x", "new")
	put(t, w.stores[1], "k/000001", "over")
	hide(t, w.stores[0], "k/000002")
	w.await(t, "the put never came", wholeAfter(time.Now()))
	if got := [2]int32{first[0].Lists(), first[1].Lists()}; got != listed {
		t.Errorf("%v listings, %v before the put", got, listed)
	}
	stop()
	r = w.replicator()
	second := w.through(t, r)
	put(t, w.stores[1], "k/015000y", "newer")
	begun := time.Now()
	stop = run(t, r)
	w.await(t, "the second put never came", wholeAfter(begun))
	for _, m := range w.facts {
		now := m.At
		p := availability.PlanMove(availability.MoveView{Home: "east", From: m.From, To: m.To, Objects: &m}, availability.Graceful, now)
		if m.Why != "" || m.Drift != 0 || p.ObjectsLag < 0 || p.Objects != 0 || strings.Contains(p.WhyNot(), "objects") {
			t.Errorf("%+v cannot be moved: %s", m, p.WhyNot())
		}
	}
	stop()
	if a, b := second[0].Lists(), second[1].Lists(); a+b > 0 {
		t.Errorf("%d and %d listings by one that goes on where another was", a, b)
	}
	for i, want := range map[string]string{"k/015000x": "new", "k/015000y": "newer", "k/000001": "over", "k/000002": ""} {
		for _, s := range w.stores {
			got := ""
			if o, err := s.Get(t.Context(), i, ""); err == nil {
				b := make([]byte, 10)
				n, _ := o.Body.Read(b)
				got = string(b[:n])
				_ = o.Body.Close()
			} else if !errors.Is(err, s3.ErrNotFound) {
				t.Fatal(err)
			}
			if got != want {
				t.Errorf("%s is %q, want %q", i, got, want)
			}
		}
	}
	r = w.replicator()
	if n := w.pass(t, r); n != 0 || w.facts["east"].Drift+w.facts["west"].Drift != 0 {
		t.Errorf("comparing everything finds %d keys: %+v", n, w.facts)
	}
}

// What a store, its feed or its position loses is found by comparing everything, and it is said why.
func TestALostFeedEndsUpEqual(t *testing.T) {
	t.Parallel()
	changes := func(dir string) string { return filepath.Join(dir, "changes", bucket) }
	for name, c := range map[string]struct {
		lose func(dir string) error
		why  string
	}{
		"feed":     {func(dir string) error { return os.RemoveAll(filepath.Join(dir, "changes")) }, "never read to its end"},
		"position": {func(dir string) error { return os.Remove(filepath.Join(changes(dir), "slot")) }, "never read to its end"},
		"damaged":  {func(dir string) error { return damage(filepath.Join(changes(dir), "feed")) }, "never read to its end"},
		"objects": {func(dir string) error {
			return errors.Join(os.RemoveAll(filepath.Join(dir, "objects")), os.RemoveAll(filepath.Join(dir, "versions")))
		}, "never read to its end"},
		"directory": {emptied, "never read to its end"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t, nil)
			put(t, w.stores[0], "a", "1")
			put(t, w.stores[1], "b", "2")
			w.settle(t, w.replicator())
			r := w.replicator()
			if _, err := r.Round(t.Context()); err != nil || w.facts["east"].Why != "" || w.facts["east"].Whole.IsZero() {
				t.Fatalf("%v, %+v", err, w.facts)
			}
			put(t, w.stores[0], "c", "3")
			put(t, w.stores[1], "d", "4")
			if err := w.gateways[1].Kill(); err != nil {
				t.Fatal(err)
			}
			if err := c.lose(w.gateways[1].Options.Dir); err != nil {
				t.Fatal(err)
			}
			w.gateways[1].Begin(t)
			if err := w.stores[1].EnsureVersioned(t.Context()); err != nil {
				t.Fatal(err)
			}
			for _, again := range []*replicator.Replicator{r, w.replicator()} { // one that was there, and one that comes after it was killed
				if _, err := again.Round(t.Context()); err != nil {
					t.Fatal(err)
				}
				if m := w.facts["east"]; m.Why == "" {
					t.Fatalf("%+v", m)
				}
			}
			if m := w.facts["west"]; !strings.Contains(m.Why, c.why) {
				t.Errorf("%+v", m)
			}
			stop := run(t, w.replicator())
			w.await(t, "never equal again", wholeAfter(time.Now()))
			stop()
			want := "a=1 b=2 c=3 d=4"
			if name == "objects" || name == "directory" { // what only it had is gone
				want = "a=1 b=2 c=3"
			}
			w.want(t, want)
			if m := w.facts["east"]; m.Why != "" || m.Drift != 0 {
				t.Errorf("%+v", m)
			}
		})
	}
}

func damage(path string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	b[len(b)-1] ^= 1
	return os.WriteFile(path, b, 0o600)
}

// emptied removes everything but what clients trust.
func emptied(dir string) error {
	all, err := os.ReadDir(dir)
	for _, e := range all {
		err = errors.Join(err, os.RemoveAll(filepath.Join(dir, e.Name())))
	}
	return err
}

// What somebody changes past the store, no feed names: comparing everything finds it, and counts it.
func TestDriftIsFoundAndCounted(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	put(t, w.stores[0], "a", "1")
	put(t, w.stores[0], "b", "2")
	r := w.replicator()
	w.settle(t, r)
	if err := os.Remove(filepath.Join(w.gateways[1].Options.Dir, "objects", bucket, "a")); err != nil {
		t.Fatal(err)
	}
	put(t, w.stores[0], "c", "3") // is named, and no drift
	if _, err := r.Round(t.Context()); err != nil {
		t.Fatal(err)
	}
	put(t, w.stores[0], "d", "4")
	w.settle(t, r)
	w.want(t, "a=1 b=2 c=3 d=4")
	if a, b := w.facts["east"].Drift, w.facts["west"].Drift; a != 1 || b != 0 {
		t.Errorf("%d and %d drifted", a, b)
	}
}

// Many puts are copied with two questions to each store, and what was copied is asked for no more when the other feed names it.
func TestARoundAsksOnceForAll(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	r := w.replicator()
	proxies := w.through(t, r)
	w.settle(t, r)
	const puts = 40
	for n := range puts {
		put(t, w.stores[0], fmt.Sprint("k/", n), "x")
	}
	round := func() (asked [2]int32) {
		t.Helper()
		before := [2]int32{proxies[0].Requests(), proxies[1].Requests()}
		if _, err := r.Round(t.Context()); err != nil {
			t.Fatal(err)
		}
		return [2]int32{proxies[0].Requests() - before[0], proxies[1].Requests() - before[1]}
	}
	// A page, a get of each; a page, all keys, and of each a put, its proof and what clients see; and at most a confirmation.
	if got := round(); got[0] > 2+puts || got[1] > 3+3*puts {
		t.Errorf("%v requests for %d puts", got, puts)
	}
	w.want(t, says(t, w.stores[0]))
	if got := round(); got[0] > 2 || got[1] > 2 {
		t.Errorf("%v requests where the replicator's own copies are named", got)
	}
	if m := w.facts["east"]; m.Copied != puts || m.Objects != 0 {
		t.Errorf("%+v", m)
	}
	put(t, w.stores[1], "k/1", "newer") // over a copy
	hide(t, w.stores[1], "k/2")
	for range 2 {
		round()
	}
	w.want(t, says(t, w.stores[1]))
}

// Both feeds are trimmed to what is not yet dealt with, and nothing names a key for ever.
func TestFeedsComeToRest(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	r := w.replicator()
	for n := range 20 {
		put(t, w.stores[n%2], fmt.Sprint("k/", n%3), fmt.Sprint(n))
		if _, err := r.Round(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	w.settle(t, r)
	for range 3 {
		if _, err := r.Round(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	var next [2]uint64
	for i, s := range w.stores {
		p, err := s.Changes(t.Context(), nil)
		if err != nil || len(p.Changes) > 0 || p.Next < 10 || p.Slot.Position != p.Next-1 {
			t.Errorf("%+v, %v", p, err)
		}
		next[i] = p.Next
	}
	for range 3 {
		if n, err := r.Round(t.Context()); err != nil || n != 0 {
			t.Errorf("%d keys, %v", n, err)
		}
	}
	for i, s := range w.stores {
		if p, err := s.Changes(t.Context(), nil); err != nil || p.Next != next[i] {
			t.Errorf("copies go on by themselves: %+v, %v", p, err)
		}
	}
}

// A bucket whose endpoint keeps no feed is compared whole, as often as that may be.
func TestAnEndpointWithoutFeeds(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	r := w.replicator()
	p := w.through(t, r)[1]
	p.Lack("/" + bucket + "/" + feed.Object)
	put(t, w.stores[0], "a", "1")
	put(t, w.stores[1], "b", "2")
	stop := run(t, r)
	w.await(t, "never equal", wholeAfter(time.Now()))
	put(t, w.stores[1], "a", "3")
	hide(t, w.stores[0], "b")
	w.await(t, "never equal again", wholeAfter(time.Now()))
	stop()
	w.want(t, "a=3")
	if m := w.facts["east"]; !strings.Contains(m.Why, "west's store keeps no change feed") {
		t.Errorf("%+v", m)
	}
	if _, err := os.Stat(filepath.Join(w.gateways[0].Options.Dir, "changes", bucket, "feed")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a feed that nobody reads is kept: %v", err)
	}
}
