package pgbackrest_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/driver/pgbackrest"
	"github.com/greenlang/fournines/internal/driver/postgres"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/greenlang/enginetest"
)

// start starts a server in a restored directory, and waits until it takes writes.
func (s *story) start(t *testing.T, dir string) *enginetest.Postgres {
	t.Helper()
	p := enginetest.OpenPostgres(s.whole, unproved, dir)
	enginetest.Await(t, "the restored server is promoted", func() error {
		if p.Count(t, "postgres", "SELECT pg_is_in_recovery()::int") != 0 {
			return errors.New("it is in recovery")
		}
		return nil
	})
	return p
}

func (s *story) restoreAll(t *testing.T) {
	s.fill(t, 500)
	s.stored(t)
	dir := filepath.Join(filepath.Dir(s.Engine.Home), "all")
	files := 0
	got, err := s.Engine.Restore(t.Context(), pgbackrest.Restore{Dir: dir, Target: pgbackrest.Target{Kind: pgbackrest.Newest}}, func(fact.BackupProgress) { files++ })
	if err != nil {
		t.Fatal(err)
	}
	if own, err := pgbackrest.System(s.Server.Dir()); err != nil || got.System != own || got.Backup != s.second.Label || got.Begin != s.second.Begin || files < 100 {
		t.Errorf("%+v, %d files, %v", got, files, err)
	}
	p := s.start(t, dir)
	defer p.Kill()
	if n := p.Count(t, "postgres", "SELECT count(*) FROM ledger"); n != s.rows {
		t.Errorf("%d rows of %d", n, s.rows)
	}
	if n := p.Count(t, "postgres", "SELECT (current_setting('archive_mode') = 'off')::int"); n != 1 {
		t.Error("the copy archives among the real one")
	}
	// A directory with data is left alone, and so is one in which a server runs.
	if _, err := s.Engine.Restore(t.Context(), pgbackrest.Restore{Dir: dir, Target: pgbackrest.Target{Kind: pgbackrest.Newest}}, nil); !errors.Is(err, pgbackrest.ErrNotEmpty) && !errors.Is(err, pgbackrest.ErrRunning) {
		t.Errorf("into a directory with data: %v", err)
	}
	if _, err := s.Engine.Restore(t.Context(), pgbackrest.Restore{Dir: dir, Delta: true, Target: pgbackrest.Target{Kind: pgbackrest.Newest}}, nil); !errors.Is(err, pgbackrest.ErrRunning) {
		t.Errorf("into a directory in which a server runs: %v", err)
	}
	p.Kill()
	if n := len(s.Objects("archive/main/15-1/0000000*")); n != 1 {
		t.Errorf("the copy has archived: there are %d timelines", n)
	}
}

func (s *story) restorePoint(t *testing.T) {
	ctx := t.Context()
	before := s.rows
	var at time.Time
	text := s.moment(t, "clock_timestamp()")
	at = time.UnixMicro(text)
	s.fill(t, 100)
	place := s.moment(t, "pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')")
	between := s.rows
	s.fill(t, 100)
	s.stored(t)
	dir := filepath.Join(filepath.Dir(s.Engine.Home), "point")
	to := pgbackrest.Target{Kind: pgbackrest.At, Time: at}
	c := s.reach(t, to)
	if c.Segments < 2 || c.First != s.first.First || c.Stored.Before(at) {
		t.Errorf("the way to it: %+v", c)
	}
	if c, err := s.Engine.Chain(ctx, s.first.Label, pgbackrest.Target{Kind: pgbackrest.At, Time: time.Now().Add(time.Hour)}); err != nil || c.Reached || len(c.Gaps) != 0 {
		t.Errorf("the way to the future: %+v, %v", c, err)
	}
	if _, err := s.Engine.Restore(ctx, pgbackrest.Restore{Dir: dir, Backup: s.first.Label, Target: to}, nil); err != nil {
		t.Fatal(err)
	}
	p := s.start(t, dir)
	if n := p.Count(t, "postgres", "SELECT count(*) FROM ledger"); n != before {
		t.Errorf("%d rows, at that time there were %d", n, before)
	}
	var seen fact.RestoreTest
	err := postgres.Admin{User: "greenlang", Database: "postgres"}.Restored(ctx, p.Address, time.Minute, &seen)
	if err == nil || !strings.Contains(err.Error(), "the newest heartbeat") { // nobody probes this one
		t.Error(err)
	}
	if own, err := pgbackrest.System(s.Server.Dir()); err != nil || seen.System != own || seen.Timeline != 1 || !seen.Beyond.After(at) || seen.Replayed.After(at) || seen.Replayed.IsZero() || !seen.Writable || !slices.Contains(seen.Spaces, "pg_default") {
		t.Errorf("%+v, %v", seen, err)
	}
	p.Kill()
	if err := os.Remove(filepath.Join(dir, "postmaster.pid")); err != nil {
		t.Fatal(err)
	}
	to = pgbackrest.Target{Kind: pgbackrest.Position, Position: place}
	if c, err := s.Engine.Chain(ctx, s.second.Label, to); err != nil || !c.Reached {
		t.Errorf("the way to it: %+v, %v", c, err)
	}
	if _, err := s.Engine.Restore(ctx, pgbackrest.Restore{Dir: dir, Delta: true, Target: to}, nil); err != nil {
		t.Fatal(err)
	}
	p = s.start(t, dir)
	defer p.Kill()
	if n := p.Count(t, "postgres", "SELECT count(*) FROM ledger"); n != between {
		t.Errorf("%d rows, at that position there were %d", n, between)
	}
	if _, err := s.Engine.Restore(ctx, pgbackrest.Restore{Dir: dir + "2", Target: pgbackrest.Target{Kind: pgbackrest.At, Time: time.Unix(1e9, 0)}}, nil); !errors.Is(err, pgbackrest.ErrNoBackup) {
		t.Errorf("to a time before all backups: %v", err)
	}
}

// reach stores segments until the store's clock, which tells whole seconds, proves that the log
// reaches a time.
func (s *story) reach(t *testing.T, to pgbackrest.Target) fact.WALChain {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; {
		c, err := s.Engine.Chain(t.Context(), s.first.Label, to)
		if err != nil || len(c.Gaps) != 0 {
			t.Fatalf("the way to it: %+v, %v", c, err)
		}
		if c.Reached {
			return c
		}
		if time.Now().After(end) {
			t.Fatalf("a minute later the way to it is not stored: %+v", c)
		}
		s.stored(t)
	}
}

// moment asks the server for a time in microseconds, or for a number.
func (s *story) moment(t *testing.T, what string) int64 {
	t.Helper()
	query := "SELECT (" + what + ")::bigint"
	if strings.HasSuffix(what, "timestamp()") {
		query = "SELECT (extract(epoch FROM " + what + ") * 1000000)::bigint"
	}
	return int64(s.Server.Count(t, "postgres", query))
}
