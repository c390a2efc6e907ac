package state_test

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/state"
)

type work struct {
	First, Last uint64
	Ended       time.Time
}

var (
	done = state.NewIndex("w/", func(w *work) string {
		if w.Ended.IsZero() {
			return ""
		}
		return state.Order(w.Last)
	})
	limits = state.Bound[work]{
		Over: done, Ended: func(w *work) time.Time { return w.Ended },
		With: func(w *work) string { return fmt.Sprintf("part/%d#", w.First) },
		Keep: time.Hour, Newest: 3, Age: 10 * time.Hour,
	}
)

func TestWhatIsOverLeavesByCountAndAge(t *testing.T) {
	t.Parallel()
	at := func(hours float64) time.Time {
		return time.Unix(1e9, 0).UTC().Add(time.Duration(hours * float64(time.Hour)))
	}
	for name, c := range map[string]struct {
		ended []float64 // hours; 0: never
		left  int
	}{
		"few":                       {[]float64{1, 2, 3}, 3},
		"too many":                  {[]float64{1, 2, 3, 4, 5}, 3},
		"too many within the hour":  {[]float64{1, 1.1, 1.2, 1.3, 1.4, 1.5}, 6},
		"few and too old":           {[]float64{1, 2, 14}, 1},
		"never finished":            {[]float64{0, 0, 0, 0, 0, 50}, 6},
		"unfinished between others": {[]float64{1, 0, 3, 0, 5, 6, 7}, 5},
	} {
		d := state.NewDocs()
		for i, h := range c.ended {
			w := work{First: uint64(i), Last: uint64(i)} //nolint:gosec // a place in the table
			if h > 0 {
				w.Ended = at(h)
			}
			for _, key := range []string{fmt.Sprintf("w/%d", i), fmt.Sprintf("part/%d#0", i), fmt.Sprintf("part/%d#1", i)} {
				if err := d.Put(key, w); err != nil {
					t.Fatal(err)
				}
			}
		}
		limits.Prune(d)
		if got, parts := len(d.Keys("w/")), len(d.Keys("part/")); got != c.left || parts != 2*got {
			t.Errorf("%s: %d are left with %d parts, want %d", name, got, parts, c.left)
		}
		before := d.Keys("")
		limits.Prune(d)
		if again := d.Keys(""); !reflect.DeepEqual(before, again) {
			t.Errorf("%s: nothing happened, and %v became %v", name, before, again)
		}
	}
}

func TestOrderSortsAsNumbersDo(t *testing.T) {
	t.Parallel()
	last := ""
	for _, n := range []uint64{0, 1, 9, 10, 15, 16, 255, 256, 1 << 40, 1<<64 - 1} {
		if o := state.Order(n); o <= last || o != fmt.Sprintf("%016x", n) {
			t.Errorf("%d: %s after %s", n, o, last)
		} else {
			last = o
		}
	}
}
