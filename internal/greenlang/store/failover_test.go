package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/greenlang"
	"github.com/greenlang/fournines/internal/greenlang/enginetest"
)

// TestKillUnderLoad kills PostgreSQL with SIGKILL under load, three times, and
// checks from outside that every acknowledged run is there exactly once.
func TestKillUnderLoad(t *testing.T) {
	t.Parallel()
	pg := enginetest.StartPostgres(t, "that no acknowledged run is lost or doubled when PostgreSQL is killed")
	s := open(t, pg, "greenlang")
	n := prepare(t, s)
	l := &load{store: s, run: n, acked: map[string]string{}}
	stop := l.start(t, 6)
	for round := range 3 {
		l.await(t, 40*(round+1)) // the load really writes
		pg.Kill()
		pg.Start(t)
	}
	l.await(t, len(l.snapshot())+40)
	stop()
	acked := l.snapshot()
	t.Logf("%d acknowledged, %d unavailable, longest pause %s", len(acked), l.unavailable.Load(), time.Duration(l.longest.Load()).Round(time.Millisecond))
	for key, id := range acked {
		seen, err := s.LookupRuns(patient(t), []string{key})
		if err != nil {
			t.Fatal(err)
		}
		if seen[0].Count != 1 || seen[0].IDs[0] != id {
			t.Errorf("acknowledged %s as %s, stored %+v", key, id, seen[0])
		}
	}
	if twice := pg.Count(t, "greenlang", `SELECT count(*) FROM (SELECT key FROM runs GROUP BY key HAVING count(*) > 1) d`); twice != 0 {
		t.Errorf("%d keys are stored twice", twice)
	}
}

// load makes runs, one after the other in each of its workers, with 20 s for each.
type load struct {
	store       *Store
	run         greenlang.NewRun
	mu          sync.Mutex
	acked       map[string]string // key to id
	unavailable atomic.Int64
	longest     atomic.Int64 // nanoseconds
}

func (l *load) start(t *testing.T, workers int) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				l.one(ctx, t, fmt.Sprintf("load-%d-%d", w, i))
			}
		})
	}
	stop = sync.OnceFunc(func() { cancel(); all.Wait() })
	t.Cleanup(stop)
	return stop
}

func (l *load) one(ctx context.Context, t *testing.T, key string) {
	begin := time.Now()
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	run, _, err := l.store.CreateRun(ctx, key, l.run)
	var away *Unavailable
	switch {
	case err == nil:
		l.mu.Lock()
		l.acked[key] = run.ID
		l.mu.Unlock()
		l.longest.Store(max(l.longest.Load(), int64(time.Since(begin))))
	case errors.As(err, &away):
		l.unavailable.Add(1)
	case ctx.Err() == nil:
		t.Errorf("%s: an error that a failover must not make: %v", key, err)
	}
}

func (l *load) snapshot() map[string]string {
	l.mu.Lock()
	defer l.mu.Unlock()
	copied := make(map[string]string, len(l.acked))
	maps.Copy(copied, l.acked)
	return copied
}

func (l *load) await(t *testing.T, n int) {
	t.Helper()
	enginetest.Await(t, fmt.Sprintf("%d runs are acknowledged", n), func() error {
		if have := len(l.snapshot()); have < n {
			return fmt.Errorf("%d so far", have)
		}
		return nil
	})
}

// TestNeverAcknowledgesUnreplicated has a standby that never comes. A run that
// is committed on the primary only is visible there, yet nobody may be told it
// is safe: neither by its first request nor by a repeat that finds it.
func TestNeverAcknowledgesUnreplicated(t *testing.T) {
	t.Parallel()
	pg := enginetest.StartPostgres(t, "that a run without its synchronous standby is never acknowledged")
	s := open(t, pg, "greenlang")
	n := prepare(t, s)
	pg.Exec(t, "postgres", `ALTER SYSTEM SET synchronous_standby_names = 'ghost'`, `SELECT pg_reload_conf()`)
	enginetest.Await(t, "the server has read its settings", func() error {
		if pg.Count(t, "postgres", `SELECT count(*) FROM pg_settings WHERE name = 'synchronous_standby_names' AND setting = 'ghost'`) == 0 {
			return errors.New("not yet")
		}
		return nil
	})
	// Commits wait once the checkpointer has read them too, which it does before it checkpoints.
	pg.Exec(t, "postgres", `CHECKPOINT`)
	// An operator cancels the waiting COMMIT; the server then says done, with a warning.
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	answer := make(chan error, 1)
	go func() {
		_, _, err := s.CreateRun(ctx, "waits", n)
		answer <- err
	}()
	const waiting = `SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND application_name = 'greenlang'`
	enginetest.Await(t, "the commit waits for its standby", func() error {
		if pg.Count(t, "postgres", waiting) == 0 {
			return errors.New("nobody waits")
		}
		return nil
	})
	const cancelAll = `SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND application_name = 'greenlang'`
	enginetest.Await(t, "the run is visible though unreplicated", func() error {
		pg.Count(t, "postgres", cancelAll)
		if pg.Count(t, "greenlang", `SELECT count(*) FROM runs`) != 1 {
			return errors.New("not visible yet")
		}
		return nil
	})
	short, stop := context.WithTimeout(context.Background(), 3*time.Second)
	defer stop()
	var away *Unavailable
	if run, _, err := s.CreateRun(short, "waits", n); !errors.As(err, &away) {
		t.Errorf("a repeat acknowledged what is not replicated: %+v, %v", run, err)
	}
	select {
	case err := <-answer:
		t.Fatalf("the first request ended, with %v, though no standby had come", err)
	default:
	}
	pg.Exec(t, "postgres", `ALTER SYSTEM RESET synchronous_standby_names`, `SELECT pg_reload_conf()`)
	if err := <-answer; err != nil {
		t.Errorf("after the standby is no longer asked for: %v", err)
	}
	if rows := pg.Count(t, "greenlang", `SELECT count(*) FROM runs`); rows != 1 {
		t.Errorf("%d rows", rows)
	}
}

// TestReadOnlyIsAPause has the server refuse writes, as a demoted primary does,
// and accept them again.
func TestReadOnlyIsAPause(t *testing.T) {
	t.Parallel()
	pg := enginetest.StartPostgres(t, "that a read-only server is a pause and not an error")
	s := open(t, pg, "greenlang")
	n := prepare(t, s)
	pg.Exec(t, "postgres", `ALTER SYSTEM SET default_transaction_read_only = on`, `SELECT pg_reload_conf()`)
	enginetest.Await(t, "writes are refused", func() error {
		ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
		defer cancel()
		if _, _, err := s.CreateRun(ctx, "refused", n); err == nil {
			return errors.New("the setting has not arrived yet")
		}
		return nil
	})
	answer := make(chan error, 1)
	go func() {
		_, _, err := s.CreateRun(patient(t), "paused", n)
		answer <- err
	}()
	pg.Exec(t, "postgres", `ALTER SYSTEM RESET default_transaction_read_only`, `SELECT pg_reload_conf()`)
	if err := <-answer; err != nil {
		t.Fatal(err)
	}
}
