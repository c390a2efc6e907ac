package wiring

import (
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/board"
	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/place/placetest"
	"github.com/greenlang/fournines/internal/recovery"
	"github.com/greenlang/fournines/internal/schedule"
	"github.com/greenlang/fournines/internal/state"
	"github.com/greenlang/fournines/internal/state/statetest"
	"github.com/greenlang/fournines/internal/wing"
)

func housed(t *testing.T) (*Wiring, wing.Wing) {
	t.Helper()
	j, err := journal.Open(t.TempDir(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	p, err := state.Open(t.Context(), j, statetest.Shelf{}, slog.New(slog.DiscardHandler), control.Fold, recovery.Fold)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close(); _ = j.Close() })
	l := placetest.Layout(t)
	l.Regions = []string{"us-east-1", "us-west-2"}
	return New(&wing.House{
		Layout: l, Dir: t.TempDir(), Facts: board.NewFacts(), State: p, Now: time.Now, Log: slog.New(slog.DiscardHandler),
		Programs: place.Programs{PgBackRest: "/usr/bin/pgbackrest"}, Secrets: place.Secrets{Backups: strings.Repeat("x", 40), Buckets: "secret"},
	})
}

// The leader is the member that holds the lock and says itself that it takes writes, lately.
func TestWhoIsBackedUp(t *testing.T) {
	t.Parallel()
	w, _ := housed(t)
	tell := func(region string, f fact.Postgres) {
		w.house.Facts.PutPostgres(region, func(p *fact.Postgres) { *p = f })
	}
	member := fact.PostgresMember{Name: "us-east-1-b", ID: "us-east-1/b/postgres", Role: "primary", Seen: time.Now()}
	old, replica := member, member
	old.Seen, replica.Role = time.Now().Add(-time.Minute), "replica"
	for name, c := range map[string]struct {
		told            fact.Postgres
		leader, follows string
	}{
		"nobody has told": {},
		"it leads":        {fact.Postgres{Lock: fact.PostgresLock{Leader: member.Name}, Members: []fact.PostgresMember{member}}, member.ID, ""},
		"it did":          {fact.Postgres{Lock: fact.PostgresLock{Leader: member.Name}, Members: []fact.PostgresMember{old}}, "", ""},
		"it cannot write": {fact.Postgres{Lock: fact.PostgresLock{Leader: member.Name}, Members: []fact.PostgresMember{replica}}, "", ""},
		"it follows":      {fact.Postgres{Lock: fact.PostgresLock{Leader: member.Name, Standby: true}, Members: []fact.PostgresMember{member}}, "", "us-west-2"},
	} {
		tell("us-east-1", c.told)
		v, err := w.View("us-east-1")
		if err != nil || v.Leader != c.leader || v.Follows != c.follows || v.Lacks != "" || v.Known(time.Now()) {
			t.Errorf("%s: %+v, %v", name, v, err)
		}
	}
	if _, err := w.View("mars"); err == nil {
		t.Error("a region that does not run here has a view")
	}
	tell("us-east-1", fact.Postgres{Lock: fact.PostgresLock{Standby: true}})
	if _, err := w.MakeBackup(t.Context(), "us-east-1", recovery.KindFull, "test"); err == nil || !strings.Contains(err.Error(), "follows") {
		t.Errorf("a cluster that follows is backed up: %v", err)
	}
}

func TestWhatLacks(t *testing.T) {
	t.Parallel()
	w, _ := housed(t)
	w.house.Programs.PgBackRest = ""
	if v, err := w.View("us-east-1"); err != nil || !strings.Contains(v.Lacks, "make engines") {
		t.Errorf("%+v %v", v, err)
	}
	w.house.Layout.Platform.Spec.Engines.Objects.ReplicateTo = "none"
	w.house.Layout.Platform.Spec.Archive.Bucket = "elsewhere"
	if v, err := w.View("us-east-1"); err != nil || !strings.Contains(v.Lacks, "no object store") {
		t.Errorf("%+v %v", v, err)
	}
}

// A wish is the job of one zone's node, under a key that the operation makes, until it is over.
func TestAWishIsAJob(t *testing.T) {
	t.Parallel()
	w, of := housed(t)
	append1 := func(e journal.Entry, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.house.State.Append(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	wish := recovery.Wish{Operation: "backup-1", Region: "us-east-1", Zone: "b", Kind: recovery.KindFull}
	append1(journal.New("backup.wished", wish.Region, wish.Operation, wish))
	jobs, err := w.Jobs("us-east-1", "b")
	if err != nil || len(jobs) != 1 || jobs[0].Key != wish.Job() || jobs[0].Unit != place.Postgres || !slices.Contains(jobs[0].Argv, "operation=backup-1") {
		t.Fatalf("%+v %v", jobs, err)
	}
	if slices.ContainsFunc(jobs[0].Argv, func(a string) bool { return strings.Contains(a, "secret") || strings.Contains(a, "xxx") }) {
		t.Errorf("a secret is among the arguments: %v", jobs[0].Argv)
	}
	if other, err := w.Jobs("us-east-1", "a"); err != nil || len(other) != 0 {
		t.Errorf("%+v %v", other, err)
	}
	w.house.Facts.PutNode(fact.Node{Region: "us-east-1", Zone: "b", Jobs: []fact.Job{{Key: wish.Job(), State: fact.JobRunning, Said: `{"files":2,"done":1048576,"total":4194304,"elapsed":1000000000}`}}})
	all, err := w.Recovery(t.Context())
	if err != nil || len(all) != 2 || all[0].Progress == nil || all[0].Progress.String() != "1.0 MiB of 4.0 MiB in 2 files, 1.0 MiB/s, 3s left" {
		t.Errorf("%+v %v", all, err)
	}
	append1(journal.Entry{Kind: "backup.ended", Subject: wish.Region}, nil)
	if jobs, err := w.Jobs("us-east-1", "b"); err != nil || len(jobs) != 0 {
		t.Errorf("%+v %v", jobs, err)
	}
	if _, err := schedule.Read(of.Schedules); err != nil || len(of.Schedules) != 4 {
		t.Errorf("%d schedules, %v", len(of.Schedules), err)
	}
}

// Nobody lists what was read long ago.
func TestUnknownBackupsAreNoEmptyList(t *testing.T) {
	t.Parallel()
	w, _ := housed(t)
	if all, err := w.Backups(t.Context()); err == nil {
		t.Errorf("%+v", all)
	}
}

// Databases run as another user, and trust the store by a copy of its authority that everybody may
// read; a store that begins anew has another one.
func TestTheAuthorityIsShownToDatabases(t *testing.T) {
	t.Parallel()
	w, _ := housed(t)
	w.house.Layout.Root = t.TempDir()
	r, err := w.repository("us-east-1")
	if err != nil {
		t.Fatal(err)
	}
	if err := r.show(); err == nil || !strings.Contains(err.Error(), "no authority yet") {
		t.Errorf("of a store that has not begun: %v", err)
	}
	store, _ := w.house.Layout.BackupStore(w.house.Secrets, "us-east-1")
	if err := os.MkdirAll(filepath.Dir(store.CAFile), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, authority := range []string{"first", "second"} {
		if err := os.WriteFile(store.CAFile, []byte(authority), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := r.show(); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(store.Shown)
		info, bad := os.Stat(store.Shown)
		if err != nil || bad != nil || string(b) != authority || info.Mode().Perm() != 0o644 {
			t.Errorf("%q %v %v %v", b, info, err, bad)
		}
	}
}
