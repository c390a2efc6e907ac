package wing

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestATaskThatFailsIsShownAndTriedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		tasks := &Tasks{Log: slog.New(slog.DiscardHandler)}
		ill := true
		tasks.Start(ctx, "chaos", Task{Name: "look", Does: "Looks.", Every: time.Second, Do: func(context.Context) error {
			if ill {
				return errors.New("nothing to see")
			}
			return nil
		}}, Task{Name: "goes-on", Does: "Goes on.", Do: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }})
		time.Sleep(59*time.Second + 500*time.Millisecond)
		if f := tasks.Findings(time.Now()); len(f) != 0 {
			t.Fatalf("people are told after less than a minute: %v", f)
		}
		time.Sleep(time.Second)
		f := tasks.Findings(time.Now())
		if len(f) != 1 || f[0].Subject != "chaos/look" || !strings.Contains(f[0].Text, "nothing to see") {
			t.Fatalf("%+v", f)
		}
		all := tasks.All()
		if all[0].Name != "goes-on" || all[0].Rounds != 0 || all[0].Began.IsZero() || all[1].Failures != 61 || all[1].Rounds != 61 {
			t.Fatalf("%+v", all)
		}
		ill = false
		time.Sleep(time.Second)
		if s := tasks.All()[1]; s.Error != "" || !s.Failing.IsZero() || s.Failures != 61 || s.Rounds != 62 {
			t.Fatalf("%+v", s)
		}
		cancel()
		tasks.Wait()
		if s := tasks.All()[0]; s.Failures != 0 {
			t.Fatalf("the end counts as a failure: %+v", s)
		}
	})
}

// A task that should go on and returns, or panics, is begun again, and says so.
func TestATaskThatEndsIsBegunAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		tasks := &Tasks{Log: slog.New(slog.DiscardHandler)}
		begun := 0
		tasks.Start(ctx, "w", Task{Name: "ends", Do: func(context.Context) error {
			if begun++; begun == 2 {
				panic("twice")
			}
			return nil
		}})
		time.Sleep(500 * time.Millisecond)
		if s := tasks.All()[0]; begun != 1 || !strings.Contains(s.Error, "ended by itself") {
			t.Fatalf("%d %+v", begun, s)
		}
		time.Sleep(time.Second)
		if s := tasks.All()[0]; begun != 2 || s.Error != "panic: twice" {
			t.Fatalf("%d %+v", begun, s)
		}
		cancel()
		tasks.Wait()
	})
}

// What a task waits for begins its next round at once, also when it came during a round.
func TestATaskIsWoken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		tasks := &Tasks{Log: slog.New(slog.DiscardHandler)}
		changed := make(chan struct{})
		var rounds []time.Duration
		began := time.Now()
		tasks.Start(ctx, "w", Task{Name: "wakes", Every: time.Minute, Wake: func() <-chan struct{} { return changed }, Do: func(context.Context) error {
			rounds = append(rounds, time.Since(began))
			if len(rounds) == 1 {
				close(changed)
				changed = make(chan struct{})
			}
			return nil
		}})
		time.Sleep(10 * time.Second)
		synctest.Wait()
		close(changed)
		changed = make(chan struct{})
		time.Sleep(time.Minute)
		synctest.Wait()
		cancel()
		tasks.Wait()
		if want := []time.Duration{0, 0, 10 * time.Second, 70 * time.Second}; !slices.Equal(rounds, want) {
			t.Fatalf("rounds began at %v, want %v", rounds, want)
		}
	})
}
