package app

import (
	"context"
	"encoding/json"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/board"
	"github.com/greenlang/fournines/internal/chaos"
	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/drill"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/place/placetest"
	"github.com/greenlang/fournines/internal/state"
	"github.com/greenlang/fournines/internal/state/statetest"
	"github.com/greenlang/fournines/internal/wing"
)

// headless is a server without engines, over documents.
func headless(t *testing.T, docs statetest.Shelf) *ServerApp {
	t.Helper()
	log, layout := slog.New(slog.DiscardHandler), placetest.Layout(t)
	layout.Root = t.TempDir()
	s := &ServerApp{
		House: &wing.House{Layout: layout, Dir: filepath.Join(layout.Root, "server"), Facts: board.NewFacts(), Log: log, Started: time.Now(), Now: time.Now},
		tasks: wing.Tasks{Log: log},
	}
	s.registerWings()
	var err error
	if s.Journal, err = journal.Open(filepath.Join(s.Dir, "journal"), time.Now); err != nil {
		t.Fatal(err)
	}
	var ctx context.Context
	ctx, s.cancel = context.WithCancel(context.WithoutCancel(t.Context()))
	if s.State, err = state.Open(ctx, s.Journal, docs, s.Log, s.folds()...); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, w := range s.wings {
		if w.Name != "compliance" {
			continue
		}
		if err := w.Open(ctx); err != nil {
			t.Fatal(err)
		}
		for _, task := range w.Tasks {
			if task.Name == "tables" { // what has left the state is read from them
				s.tasks.Start(ctx, w.Name, task)
			}
		}
	}
	return s
}

// A document that cannot be read fails every decision that may rest on it, and is never
// taken for one that is not there.
func TestNothingIsDecidedOnADocumentThatCannotBeRead(t *testing.T) {
	t.Parallel()
	const east = "us-east-1"
	asked := map[string]func(*ServerApp) error{
		"leases": func(s *ServerApp) error { _, err := s.chaos.Leases(east, "a"); return err },
		"operations": func(s *ServerApp) error {
			_, err := s.records.Operations(t.Context(), api.OperationFilter{Limit: 10})
			return err
		},
		"drills": func(s *ServerApp) error { _, err := s.records.Drilling(); return err },
	}
	for key, fails := range map[string]string{
		control.Prefix + "x": "operations",
		chaos.Prefix + "x":   "leases",
		drill.Prefix + "x":   "drills",
	} {
		t.Run(key, func(t *testing.T) {
			s := headless(t, statetest.Shelf{key: []byte(`{"`)})
			before := s.Journal.Head().Size
			for name := range strings.FieldsSeq(fails) {
				if err := asked[name](s); err == nil || !strings.Contains(err.Error(), key) {
					t.Errorf("%s: %v", name, err)
				}
			}
			if after := s.Journal.Head().Size; after != before {
				t.Errorf("%d entries were written although nothing could be decided", after-before)
			}
		})
	}
}

// What has left the state is read back from the journal, page by page and one by one.
func TestOldOperationsAreReadFromTheJournal(t *testing.T) {
	t.Parallel()
	s := headless(t, statetest.Shelf{})
	var err error
	if s.Control, err = control.Start(t.Context(), control.Config{State: s.State, Now: time.Now, Log: s.Log}); err != nil {
		t.Fatal(err)
	}
	const all = 1200
	epoch := time.Now().Add(-all * time.Hour)
	var entries []journal.Entry
	for i := range all {
		key, at := control.NewID("op"), epoch.Add(time.Duration(i)*time.Hour)
		request, err := json.Marshal(map[string]any{"key": key, "kind": "k", "subject": "s", "steps": []string{}})
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries,
			journal.Entry{Time: at, Kind: "operation.requested", Subject: "s", Operation: key, Data: request},
			journal.Entry{Time: at, Kind: "operation.ended", Subject: "s", Operation: key, Data: []byte(`{"state":"succeeded"}`)})
	}
	for len(entries) > 0 {
		n := min(100, len(entries))
		if _, err := s.State.Append(t.Context(), entries[:n]...); err != nil {
			t.Fatal(err)
		}
		entries = entries[n:]
	}
	kept, err := control.Before(s.State, 0, 0)
	if err != nil || len(kept) >= all {
		t.Fatalf("%d are kept: %v", len(kept), err)
	}
	seen := map[string]bool{}
	last := api.Operation{First: 1 << 40}
	for f := (api.OperationFilter{Limit: 100, Subject: "s"}); ; {
		page, err := s.records.Operations(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range page.Items {
			if seen[o.ID] || o.First >= last.First || o.State != control.Succeeded {
				t.Fatalf("%+v after %+v", o, last)
			}
			seen[o.ID], last = true, o
		}
		if f.Before = page.Next; f.Before == "" {
			break
		}
	}
	if len(seen) != all {
		t.Fatalf("%d of %d are listed", len(seen), all)
	}
	if o, err := s.records.Operation(t.Context(), last.ID); err != nil || o.ID != last.ID || o.State != control.Succeeded || o.First != 0 {
		t.Fatalf("%+v %v", o, err)
	}
	if _, err := s.records.Operation(t.Context(), "never"); err == nil {
		t.Fatal("an operation that never was")
	}
}
