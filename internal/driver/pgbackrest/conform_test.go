package pgbackrest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/driver/pgbackrest"
	"github.com/greenlang/fournines/internal/driver/process"
	"github.com/greenlang/fournines/internal/driver/s3/s3test"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/greenlang/enginetest"
	"github.com/greenlang/fournines/internal/platformtest/backupbed"
)

const unproved = "that pgBackRest backs up, restores, expires and verifies as the driver says"

func TestMain(m *testing.M) { s3test.Main(m) }

// Every verb has the effect that it names, on the real engines, and everything that 2.45 hides
// is found. The parts follow on each other: they share a server and a repository.
func TestConform(t *testing.T) {
	t.Parallel()
	s := &story{Bed: backupbed.New(t, unproved), whole: t}
	for _, part := range []struct {
		name string
		do   func(*testing.T)
	}{
		{"a stanza is created once", s.create},
		{"a full backup", s.full},
		{"an incremental backup", s.incremental},
		{"a restore of everything", s.restoreAll},
		{"a restore to a time, and to a position", s.restorePoint},
		{"annotations", s.annotate},
		{"what is stored is verified", s.verify},
		{"another passphrase, another cluster", s.strangers},
		{"a repository that refuses or is away", s.refusals},
		{"an archiver that stores nothing", s.emptyArchiver},
		{"backups that are killed", s.killed},
		{"a server that takes the lost one's place", s.successor},
		{"sets expire by their label", s.expire},
	} {
		if !t.Run(part.name, part.do) {
			return // what follows needs it
		}
	}
}

type story struct {
	*backupbed.Bed
	whole         *testing.T  // the test of all parts
	first, second fact.Backup // a full and what continues it
	rows          int
}

func (s *story) fill(t *testing.T, rows int) {
	t.Helper()
	s.Server.Exec(t, "postgres", fmt.Sprintf("INSERT INTO ledger SELECT g, repeat(md5(g::text), 8) FROM generate_series(1, %d) g", rows))
	s.rows += rows
}

func (s *story) stored(t *testing.T) {
	t.Helper()
	if _, err := s.Engine.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (s *story) create(t *testing.T) {
	ctx := t.Context()
	if _, err := s.Engine.Info(ctx); !errors.Is(err, pgbackrest.ErrNoStanza) {
		t.Errorf("before it is created: %v", err)
	}
	if _, err := s.Engine.Backup(ctx, pgbackrest.Full, nil, nil); !errors.Is(err, pgbackrest.ErrNoStanza) {
		t.Errorf("a backup before it is created: %v", err)
	}
	for range 2 {
		if err := s.Engine.Create(ctx); err != nil {
			t.Fatal(err)
		}
	}
	r, err := s.Engine.Info(ctx)
	if err != nil || len(r.Backups) != 0 || len(r.Clusters) != 1 || r.Clusters[0].System == 0 || r.Cipher != "aes-256-cbc" {
		t.Fatalf("%+v, %v", r, err)
	}
	if _, err := s.Engine.Verify(ctx); err != nil {
		t.Errorf("an empty stanza: %v", err)
	}
	name, err := s.Engine.Check(ctx)
	if err != nil || len(name) != 24 {
		t.Errorf("%q, %v", name, err)
	}
}

func (s *story) full(t *testing.T) {
	s.Server.Exec(t, "postgres", "CREATE TABLE ledger (id int, filler text)")
	s.fill(t, 20000)
	var told []fact.BackupProgress
	got, err := s.Engine.Backup(t.Context(), pgbackrest.Incremental, map[string]string{"gfs": "daily", "why": "first of all"}, func(p fact.BackupProgress) { told = append(told, p) })
	if err != nil {
		t.Fatal(err)
	}
	s.first = got
	if got.Kind != "full" || got.Annotations["gfs"] != "daily" || got.Annotations["why"] != "first of all" || got.Damaged || got.Size == 0 || got.Size != got.Copied ||
		got.Stored == 0 || got.Stored >= got.Size || got.End <= got.Begin || got.Ended.Before(got.Begun) || got.Engine == "" || got.Format == 0 || got.Prior != "" {
		t.Errorf("%+v", got)
	}
	if len(told) < 100 {
		t.Fatalf("only %d files were told of", len(told))
	}
	end := told[len(told)-1]
	if off := float64(end.Done) / float64(got.Size); off < 0.9 || off > 1.1 || end.Total != end.Done || end.Rate() <= 0 || end.Left() != 0 {
		t.Errorf("at its end %+v, and the backup has %d bytes", end, got.Size)
	}
	whole, err := s.Engine.Show(t.Context(), got.Label)
	if err != nil || len(whole.Databases) != 1 || whole.Label != got.Label {
		t.Errorf("%+v, %v", whole, err)
	}
	for _, label := range []string{"20200101-000000F", "nothing", "--all", ""} {
		if _, err := s.Engine.Show(t.Context(), label); !errors.Is(err, pgbackrest.ErrNoBackup) {
			t.Errorf("%q: %v", label, err)
		}
	}
}

func (s *story) incremental(t *testing.T) {
	s.fill(t, 1000)
	got, err := s.Engine.Backup(t.Context(), pgbackrest.Incremental, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	s.second = got
	if got.Kind != "incr" || got.Prior != s.first.Label || got.Copied >= got.Size || got.StoredItself >= s.first.StoredItself || len(got.References) != 1 {
		t.Errorf("%+v", got)
	}
	r, err := s.Engine.Info(t.Context())
	if err != nil || len(r.Backups) != 2 || r.Backups[0].Label != s.first.Label || len(r.Archives) != 1 || r.Archives[0].First == "" || r.Busy {
		t.Errorf("%+v, %v", r, err)
	}
}

func (s *story) annotate(t *testing.T) {
	ctx := t.Context()
	got, err := s.Engine.Annotate(ctx, s.first.Label, map[string]string{"gfs": "weekly", "why": ""})
	if err != nil || got.Annotations["gfs"] != "weekly" || len(got.Annotations) != 1 {
		t.Errorf("%+v, %v", got.Annotations, err)
	}
	if _, err := s.Engine.Annotate(ctx, "20200101-000000F", map[string]string{"gfs": "weekly"}); !errors.Is(err, pgbackrest.ErrNoBackup) {
		t.Errorf("%v", err)
	}
	for _, wrong := range []map[string]string{nil, {"a=b": "c"}, {"a": "b\nc"}, {"": "x"}} {
		if _, err := s.Engine.Annotate(ctx, s.first.Label, wrong); err == nil {
			t.Errorf("%q was taken", wrong)
		}
	}
}

// clean verifies that nothing is found.
func (s *story) clean(t *testing.T) fact.BackupVerification {
	t.Helper()
	v, err := s.Engine.Verify(t.Context())
	if err != nil || !v.Sound() {
		t.Fatalf("%+v, %v", v.Findings, err)
	}
	return v
}

func (s *story) verify(t *testing.T) {
	v := s.clean(t)
	if len(v.Backups) != 2 || len(v.Archives) != 1 || v.Archives[0].Valid < 4 || v.Backups[0].Valid < 100 {
		t.Errorf("%+v", v)
	}
	log := s.Objects("archive/main/15-1/*/" + s.second.Last + "-*")[0]
	bundle := s.Objects("backup/main/" + s.first.Label + "/bundle/1")[0]
	manifest := s.Objects("backup/main/" + s.second.Label + "/backup.manifest")[0]
	var back []func()
	back = append(back, backupbed.Flip(t, log), backupbed.Flip(t, bundle), backupbed.Hide(t, manifest))
	v, err := s.Engine.Verify(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	found := fmt.Sprintf("%+v", v.Findings)
	for _, subject := range []string{filepath.Base(log), s.first.Label + "/pg_data/", s.second.Label + "/backup.manifest", "archive 15-1"} {
		if !strings.Contains(found, subject) {
			t.Errorf("%s is not found to be wrong: %s", subject, found)
		}
	}
	for _, b := range back {
		b()
	}
	s.lost(t, filepath.Dir(manifest))
}

// lost takes a set and a segment away whole: verify says that all is well, and they are found
// by what else is known.
func (s *story) lost(t *testing.T, set string) {
	t.Helper()
	ctx, newest := t.Context(), pgbackrest.Target{Kind: pgbackrest.Newest}
	whole, err := s.Engine.Chain(ctx, s.first.Label, newest)
	if err != nil || !whole.Reached || whole.Segments < 4 {
		t.Fatalf("%+v, %v", whole, err)
	}
	middle := ""
	for _, path := range s.Objects("archive/main/15-1/0000000100000000/*.zst") {
		if name := filepath.Base(path)[:24]; name > s.first.Last && name < whole.Last {
			middle = path
		}
	}
	set1, segment := backupbed.Hide(t, set), backupbed.Hide(t, middle)
	if v, err := s.Engine.Verify(ctx); err != nil || len(v.Findings) != 1 || v.Findings[0].Subject != s.second.Label {
		t.Errorf("a set that is gone, and it alone: %+v, %v", v.Findings, err)
	}
	c, err := s.Engine.Chain(ctx, s.first.Label, newest)
	if err != nil || c.Reached || len(c.Gaps) != 1 || c.Gaps[0].First != filepath.Base(middle)[:24] || c.Gaps[0].Segments != 1 || c.Last >= c.Gaps[0].First {
		t.Errorf("%+v, %v", c, err)
	}
	if c, err := s.Engine.Chain(ctx, s.first.Label, pgbackrest.Target{Kind: pgbackrest.Consistent}); err != nil || !c.Reached {
		t.Errorf("up to the backup's own end nothing is missing: %+v, %v", c, err)
	}
	set1()
	segment()
}

func (s *story) strangers(t *testing.T) {
	ctx := t.Context()
	wrong := s.Another(func(o *pgbackrest.Stanza) { o.Repository.Passphrase = "another passphrase than that" })
	_, err := wrong.Info(ctx)
	if !errors.Is(err, pgbackrest.ErrPassphrase) || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v", err)
	}
	_, err1 := wrong.Verify(ctx)
	_, err2 := wrong.Restore(ctx, pgbackrest.Restore{Dir: filepath.Join(filepath.Dir(wrong.Home), "x"), Target: pgbackrest.Target{Kind: pgbackrest.Newest}}, nil)
	for _, err := range []error{err1, err2, wrong.Create(ctx)} {
		if !errors.Is(err, pgbackrest.ErrPassphrase) {
			t.Errorf("%v", err)
		}
	}
	keys := s.Another(func(o *pgbackrest.Stanza) { o.Repository.SecretKey = "wrong" })
	if _, err := keys.Info(ctx); !errors.Is(err, pgbackrest.ErrDenied) || strings.Contains(err.Error(), s.Store.Options.SecretKey) {
		t.Errorf("%v", err)
	}
	nowhere := s.Another(func(o *pgbackrest.Stanza) { o.Repository.Bucket = "nowhere" })
	if err := nowhere.Create(ctx); !errors.Is(err, pgbackrest.ErrNoBucket) {
		t.Errorf("%v", err)
	}

	sockets := enginetest.Folder(t)
	other := enginetest.StartPostgresWith(t, unproved, sockets, s.Stanza.Parameters())
	defer other.Kill()
	stranger := s.Another(func(o *pgbackrest.Stanza) {
		o.Data, o.Port, o.SocketDir = other.Dir(), backupbed.Port(t, other), sockets
	})
	if err := stranger.Create(ctx); !errors.Is(err, pgbackrest.ErrOtherCluster) {
		t.Errorf("%v", err)
	}
	if _, err := stranger.Backup(ctx, pgbackrest.Full, nil, nil); !errors.Is(err, pgbackrest.ErrOtherCluster) {
		t.Errorf("%v", err)
	}
	lost := s.Another(func(o *pgbackrest.Stanza) { o.Port = 1 })
	if _, err := lost.Backup(ctx, pgbackrest.Full, nil, nil); !errors.Is(err, pgbackrest.ErrDatabase) {
		t.Errorf("%v", err)
	}
}

func (s *story) refusals(t *testing.T) {
	ctx := t.Context()
	before, err := s.Engine.Info(ctx)
	if err != nil {
		t.Fatal(err)
	}
	open := s.Gate.Set(func(r *http.Request) backupbed.Verdict {
		if backupbed.Writes(r) && backupbed.Within(r, "backup/main") {
			return backupbed.Deny
		}
		return backupbed.Pass
	})
	if _, err := s.Engine.Backup(ctx, pgbackrest.Incremental, nil, nil); !errors.Is(err, pgbackrest.ErrDenied) {
		t.Errorf("%v", err)
	}
	if _, err := s.Engine.Annotate(ctx, s.first.Label, map[string]string{"gfs": "yearly"}); !errors.Is(err, pgbackrest.ErrDenied) {
		t.Errorf("%v", err)
	}
	open()
	impatient := s.Another(func(o *pgbackrest.Stanza) { o.Repository.Patience = 200 * time.Millisecond })
	open = s.Gate.Set(func(*http.Request) backupbed.Verdict { return backupbed.Cut })
	for _, err := range []error{second(impatient.Info(ctx)), second(impatient.Verify(ctx))} {
		if !errors.Is(err, pgbackrest.ErrUnreachable) {
			t.Errorf("%v", err)
		}
	}
	open()
	gone := s.Another(func(o *pgbackrest.Stanza) {
		o.Repository.Patience, o.Repository.Endpoint = 200*time.Millisecond, s.Network.Host(1, 5, 9000)
	})
	if _, err := gone.Info(ctx); !errors.Is(err, pgbackrest.ErrUnreachable) {
		t.Errorf("%v", err)
	}
	after, err := s.Engine.Info(ctx)
	if err != nil || len(after.Backups) != len(before.Backups) || after.Backups[0].Annotations["gfs"] != "weekly" {
		t.Errorf("%+v, %v", after, err)
	}
}

func second[T any](_ T, err error) error { return err }

func (s *story) emptyArchiver(t *testing.T) {
	impatient := s.Another(func(o *pgbackrest.Stanza) { o.Archiving = time.Second })
	command := func(value string) {
		s.Server.Exec(t, "postgres", "ALTER SYSTEM SET archive_command = '"+value+"'", "SELECT pg_reload_conf()")
		enginetest.Await(t, "the server has its new archiver", func() error {
			if s.Server.Count(t, "postgres", "SELECT (current_setting('archive_command') = '"+value+"')::int") != 1 {
				return errors.New("it has the old one")
			}
			return nil
		})
	}
	command("/bin/true")
	if _, err := impatient.Check(t.Context()); !errors.Is(err, pgbackrest.ErrNotArchived) {
		t.Errorf("an archiver of somebody else: %v", err)
	}
	// It stores nothing, and what it does not store is lost for good.
	command("/bin/true pgbackrest")
	if _, err := impatient.Check(t.Context()); !errors.Is(err, pgbackrest.ErrNotArchived) {
		t.Errorf("an archiver that stores nothing: %v", err)
	}
	s.Server.Exec(t, "postgres", "ALTER SYSTEM RESET archive_command", "SELECT pg_reload_conf()")
	s.stored(t)
	if c, err := s.Engine.Chain(t.Context(), s.second.Label, pgbackrest.Target{Kind: pgbackrest.Newest}); err != nil || c.Reached || len(c.Gaps) != 1 {
		t.Errorf("what it did not store is missed by nobody: %+v, %v", c, err)
	}
}

func (s *story) killed(t *testing.T) {
	ctx := t.Context()
	for name, end := range map[string]func(context.CancelFunc) error{
		"by its caller": func(cancel context.CancelFunc) error { cancel(); return nil },
		"by SIGKILL": func(context.CancelFunc) error {
			_, err := process.KillUnit(ctx, s.Engine.Home)
			return err
		},
	} {
		reached := make(chan struct{})
		var once sync.Once
		open := s.Gate.Set(func(r *http.Request) backupbed.Verdict {
			if backupbed.Writes(r) && strings.Contains(r.URL.Path, "/bundle/") {
				once.Do(func() { close(reached) })
				return backupbed.Stall
			}
			return backupbed.Pass
		})
		within, cancel := context.WithCancel(ctx)
		done := make(chan error, 1)
		go func() { done <- second(s.Engine.Backup(within, pgbackrest.Full, nil, nil)) }()
		select {
		case <-reached:
		case err := <-done:
			t.Fatalf("%s: it has ended before: %v", name, err)
		}
		if _, err := s.Engine.Backup(ctx, pgbackrest.Full, nil, nil); !errors.Is(err, pgbackrest.ErrBusy) {
			t.Errorf("%s: two at once: %v", name, err)
		}
		if r, err := s.Engine.Info(ctx); err != nil || !r.Busy {
			t.Errorf("%s: nobody says that a backup runs: %v", name, err)
		}
		if err := end(cancel); err != nil {
			t.Fatal(err)
		}
		if err := <-done; !errors.Is(err, pgbackrest.ErrStopped) {
			t.Errorf("%s: %v", name, err)
		}
		cancel()
		open()
		if r, err := s.Engine.Info(ctx); err != nil || len(r.Backups) != 2 || r.Busy {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
	// The remains cannot be taken away where nothing may be deleted: the next one says so, and is
	// made once it may.
	open := s.Gate.Set(func(r *http.Request) backupbed.Verdict {
		if r.Method == http.MethodDelete || r.Method == http.MethodPost && r.URL.Query().Has("delete") {
			return backupbed.Deny
		}
		return backupbed.Pass
	})
	got, err := s.Engine.Backup(ctx, pgbackrest.Full, nil, nil)
	t.Logf("where nothing may be deleted: %q, %v", got.Label, err)
	open()
	if err != nil && !errors.Is(err, pgbackrest.ErrDenied) {
		t.Errorf("%v", err)
	}
	if got, err = s.Engine.Backup(ctx, pgbackrest.Full, map[string]string{"gfs": "daily"}, nil); err != nil || got.Kind != "full" {
		t.Errorf("the next one: %+v, %v", got, err)
	}
}

// successor restores in place of the lost server, and goes on on a new timeline.
func (s *story) successor(t *testing.T) {
	ctx := t.Context()
	s.fill(t, 10)
	s.stored(t)
	r, err := s.Engine.Info(ctx)
	if err != nil {
		t.Fatal(err)
	}
	old := r.Backups[len(r.Backups)-1]
	s.Server.Kill()
	if err := os.RemoveAll(s.Server.Dir()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Engine.Restore(ctx, pgbackrest.Restore{Dir: s.Server.Dir(), Backup: old.Label, Target: pgbackrest.Target{Kind: pgbackrest.Newest}, Archives: true}, nil); err != nil {
		t.Fatal(err)
	}
	s.Server.Start(t)
	enginetest.Await(t, "the successor takes writes", func() error {
		if s.Server.Count(t, "postgres", "SELECT pg_is_in_recovery()::int") != 0 {
			return errors.New("it is in recovery")
		}
		return nil
	})
	if n := s.Server.Count(t, "postgres", "SELECT count(*) FROM ledger"); n != s.rows {
		t.Errorf("%d rows of %d", n, s.rows)
	}
	s.fill(t, 10)
	s.stored(t)
	c, err := s.Engine.Chain(ctx, old.Label, pgbackrest.Target{Kind: pgbackrest.Newest})
	if err != nil || !c.Reached || len(c.Timelines) != 2 || c.Timelines[1] != 2 || !strings.HasPrefix(c.Last, "00000002") {
		t.Errorf("across timelines: %+v, %v", c, err)
	}
	back := backupbed.Hide(t, s.Objects("archive/main/15-1/00000002.history")[0])
	if c, err := s.Engine.Chain(ctx, old.Label, pgbackrest.Target{Kind: pgbackrest.Newest}); err != nil || c.Reached || len(c.Gaps) != 1 || !strings.Contains(c.Gaps[0].Why, "00000002.history") {
		t.Errorf("without the history of the new timeline: %+v, %v", c, err)
	}
	back()
	got, err := s.Engine.Backup(ctx, pgbackrest.Full, nil, nil)
	if err != nil || !strings.HasPrefix(got.First, "00000002") {
		t.Errorf("%+v, %v", got, err)
	}
}

func (s *story) expire(t *testing.T) {
	ctx := t.Context()
	r, err := s.Engine.Info(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Engine.Expire(ctx, "20200101-000000F", 1, false); !errors.Is(err, pgbackrest.ErrNoBackup) {
		t.Errorf("%v", err)
	}
	if _, err := s.Engine.Expire(ctx, s.first.Label, 0, true); err == nil {
		t.Error("no log would stay")
	}
	plan, err := s.Engine.Expire(ctx, s.first.Label, 1, true)
	if err != nil || len(plan.Backups) != 2 || plan.Backups[0] != s.second.Label || len(plan.WAL) == 0 {
		t.Errorf("%+v, %v", plan, err)
	}
	if again, err := s.Engine.Info(ctx); err != nil || len(again.Backups) != len(r.Backups) {
		t.Errorf("a dry run has taken something away: %v", err)
	}
	done, err := s.Engine.Expire(ctx, s.first.Label, 1, false)
	if err != nil || fmt.Sprint(done) != fmt.Sprint(plan) {
		t.Errorf("%+v, planned was %+v: %v", done, plan, err)
	}
	r, err = s.Engine.Info(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range r.Backups {
		if c, err := s.Engine.Chain(ctx, b.Label, pgbackrest.Target{Kind: pgbackrest.Consistent}); err != nil || !c.Reached {
			t.Errorf("%s has lost the log that it needs itself: %+v, %v", b.Label, c, err)
		}
	}
	for i, b := range r.Backups { // the newest stays whatever is asked
		_, err := s.Engine.Expire(ctx, b.Label, 1, false)
		if last := i == len(r.Backups)-1; last != errors.Is(err, pgbackrest.ErrLastFull) || !last && err != nil {
			t.Errorf("%s: %v", b.Label, err)
		}
	}
	s.clean(t)
}
