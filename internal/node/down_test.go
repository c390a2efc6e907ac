package node

import (
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/greenlang/fournines/internal/fact"
)

// A unit that is started again and again is down from the first time on, and until it has been
// ready for a while.
func TestDownEndsWithReadinessThatLasts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		s := newSupervisor(t.TempDir(), Unit{Name: "redis"}, Host{UID: -1}, slog.New(slog.DiscardHandler), func() {})
		ready := func(is bool) { s.note(func(f *fact.Unit) { f.Ready = is }) }
		want := func(down time.Time) {
			t.Helper()
			if got := s.report().Down; !got.Equal(down) {
				t.Errorf("after %s it is down since %s, want %s", time.Since(began), got.Sub(began), down.Sub(began))
			}
		}
		time.Sleep(3 * time.Second)
		ready(true)
		time.Sleep(9 * time.Second)
		want(began) // not yet for long
		time.Sleep(time.Second)
		want(time.Time{})
		time.Sleep(time.Minute)
		ready(false)
		lost := time.Now()
		for range 20 { // a crash loop
			time.Sleep(4 * time.Second)
			ready(true)
			want(lost)
			time.Sleep(5 * time.Second)
			ready(false)
			want(lost)
		}
		ready(true)
		time.Sleep(steady)
		want(time.Time{})
	})
}
