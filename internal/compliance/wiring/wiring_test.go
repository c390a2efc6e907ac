package wiring

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/compliance"
	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/journal/archive"
	"github.com/greenlang/fournines/internal/journal/seal"
	"github.com/greenlang/fournines/internal/journal/witness"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/place/placetest"
	"github.com/greenlang/fournines/internal/state"
	"github.com/greenlang/fournines/internal/state/statetest"
	"github.com/greenlang/fournines/internal/wing"
	"github.com/greenlang/fournines/kit/audit"
)

// reader reads the journal as the server does.
type reader struct{ wiring *Wiring }

func (r reader) Entry(_ context.Context, index uint64) (api.Entry, error) {
	records, err := r.wiring.house.Journal.Read(index, 1)
	if err != nil {
		return api.Entry{}, err
	}
	e := api.Entry{Index: index, Kind: records[0].Kind, Reason: records[0].Reason, Actor: records[0].Actor, Data: records[0].Data}
	e.Sealed, e.Erased, err = r.wiring.PersonsIn(e.Data)
	return e, err
}

func (r reader) Entries(ctx context.Context, f api.EntryFilter) (page api.Page[api.Entry], err error) {
	for i := range r.wiring.house.Journal.Head().Size {
		e, err := r.Entry(ctx, i)
		if err != nil {
			return page, err
		}
		if e.Kind == f.Kind {
			page.Items = append(page.Items, e)
		}
	}
	return page, nil
}

const token = "greenlang-token"

// open opens the wing over an installation's directory, as a server that decides alone does.
func open(t *testing.T, root string, docs statetest.Shelf) (x *Wiring, closed func()) {
	t.Helper()
	l := placetest.Layout(t)
	l.Root = root
	h := &wing.House{
		Layout: l, Secrets: place.Secrets{Applications: map[string]string{"greenlang": token}}, Seat: l.Seats()[0],
		Dir: filepath.Join(root, "server"), Log: slog.New(slog.DiscardHandler), Now: time.Now,
	}
	leads := func() bool { return true }
	r := &reader{}
	x, wing := New(h, Options{Entries: r, Keys: func(d *seal.Directory) seal.KeyStore { return d }, Peers: func() []compliance.Peer { return nil }, Leads: leads})
	r.wiring = x
	var err error
	if h.Journal, err = (journal.Options{Kinds: append(wing.Entries, control.EntryKinds()...), Log: h.Log}).Open(filepath.Join(h.Dir, place.JournalDir)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	if h.State, err = state.Open(ctx, h.Journal, docs, h.Log, control.Fold, wing.Fold); err != nil {
		t.Fatal(err)
	}
	if err := wing.Open(ctx); err != nil {
		t.Fatal(err)
	}
	if h.Control, err = control.Start(ctx, control.Config{State: h.State, Kinds: wing.Actions, Now: time.Now, Log: h.Log}); err != nil {
		t.Fatal(err)
	}
	done := false
	closed = func() {
		if done {
			return
		}
		done = true
		cancel()
		h.Control.Close()
		err := wing.Close()
		h.State.Close()
		if err := errors.Join(err, h.Journal.Close()); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(closed)
	return x, closed
}

// tell sends an application's event about a person until it is taken, as applications do, and
// returns the index of its entry.
func tell(t *testing.T, x *Wiring, id, person string) uint64 {
	t.Helper()
	mux := http.NewServeMux()
	x.Mount(mux)
	b, err := json.Marshal(audit.Batch{Events: []audit.Event{{ID: id, Time: time.Now(), Tenant: "t", Actor: "a", Action: "person.seen", Person: person, Personal: map[string]string{"name": person}}}})
	if err != nil {
		t.Fatal(err)
	}
	for end := time.After(time.Minute); ; {
		r := httptest.NewRequest(http.MethodPost, "/v1/audit", bytes.NewReader(b))
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		var a audit.Answer
		if err := json.Unmarshal(w.Body.Bytes(), &a); err == nil && len(a.Results) == 1 && a.Results[0].Error == nil {
			return a.Results[0].Index
		}
		if w.Code != http.StatusServiceUnavailable { // that it still reads which events it has
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-end:
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	}
}

// What an application tells of a person is sealed, shown to who says why, gone once the person
// is erased, and gone again where a backup of the keys brings it back.
func TestAPersonIsSealedShownAndErased(t *testing.T) {
	t.Parallel()
	root, docs := t.TempDir(), statetest.Shelf{}
	x, closed := open(t, root, docs)
	index := tell(t, x, "1", "anna")
	backup := copyOf(t, filepath.Join(x.house.Dir, place.PersonsDir))
	ctx := wing.WithActor(t.Context(), "token:eve")
	e, err := x.options.Entries.Entry(ctx, index)
	if err != nil || strings.Contains(string(e.Data), "anna") || len(e.Sealed) != 1 || len(e.Erased) != 0 {
		t.Fatalf("%+v %v", e, err)
	}
	before := x.house.Journal.Head().Size
	e, err = x.UnsealEntry(ctx, index, "a complaint")
	if err != nil || !strings.Contains(string(e.Data), `"name":"anna"`) {
		t.Fatalf("%s %v", e.Data, err)
	}
	if look, err := x.options.Entries.Entry(ctx, before); err != nil || look.Kind != compliance.Unsealed.Name || look.Actor != "token:eve" || look.Reason != "a complaint" {
		t.Fatalf("who looked is not recorded: %+v %v", look, err)
	}
	if _, err := x.UnsealEntry(ctx, before, "again"); !errors.Is(err, api.ErrRefused) {
		t.Fatalf("an entry with nothing sealed: %v", err)
	}
	key, err := x.ErasePerson(ctx, "anna", "request 17")
	if err != nil {
		t.Fatal(err)
	}
	settled(t, x, key)
	gone := func(x *Wiring) {
		t.Helper()
		if p, err := x.Person(ctx, "anna"); err != nil || p.Erased == nil {
			t.Fatalf("%+v %v", p, err)
		}
		if e, err := x.UnsealEntry(ctx, index, "after"); strings.Contains(string(e.Data), "anna") || len(e.Erased) != 1 {
			t.Fatalf("an erased person is shown: %+v %v", e, err)
		}
	}
	gone(x)
	closed()

	restore(t, backup, filepath.Join(root, "server", place.PersonsDir))
	x, _ = open(t, root, statetest.Shelf{})
	gone(x)
	if found, err := x.options.Entries.Entries(ctx, api.EntryFilter{Kind: compliance.ErasedAgain.Name}); err != nil || len(found.Items) != 1 {
		t.Fatalf("erasing again is not recorded: %+v %v", found, err)
	}
}

// settled waits until an operation has succeeded.
func settled(t *testing.T, x *Wiring, key string) {
	t.Helper()
	for end := time.After(time.Minute); ; {
		changed := x.house.State.Changed()
		o, err := x.house.Control.Operation(key)
		if err == nil && o.State == control.Succeeded {
			return
		}
		select {
		case <-changed:
		case <-end:
			t.Fatalf("%+v %v", o, err)
		}
	}
}

// An alarm is recorded once, also when what is known of it cannot be read for a while.
func TestAnAlarmWaitsForItsRecord(t *testing.T) {
	t.Parallel()
	away := witness.Alarm{Trouble: witness.Away, Witness: "w", Since: time.Now(), At: time.Now(), Err: errors.New("refused")}
	key := compliance.Trouble{Trouble: witness.Away, Witness: "w"}.Key()
	x, _ := open(t, t.TempDir(), statetest.Shelf{key: []byte(`{"`)})
	x.witness.alarm(away)
	size := x.house.Journal.Head().Size
	for range 2 {
		if err := x.witness.record(t.Context()); err == nil || !strings.Contains(err.Error(), key) {
			t.Fatalf("%v", err)
		}
	}
	if now := x.house.Journal.Head().Size; now != size {
		t.Fatalf("%d entries were written although nobody can tell what is known", now-size)
	}
	if _, err := x.findings(time.Now()); err == nil || !strings.Contains(err.Error(), key) {
		t.Fatalf("findings of a state that cannot be read: %v", err)
	}

	y, _ := open(t, t.TempDir(), statetest.Shelf{})
	y.witness.waiting = x.witness.waiting
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- y.witness.record(ctx) }()
	raised := func() bool {
		f, err := y.findings(time.Now())
		return err == nil && len(f) == 1 && f[0].Code == "witness-away"
	}
	for end := time.After(time.Minute); !raised(); {
		select {
		case <-y.house.State.Changed():
		case <-time.After(10 * time.Millisecond):
		case <-end:
			t.Fatal("the alarm was never recorded")
		}
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}

// Nobody takes an archive whose document cannot be read for one that is well.
func TestAnArchiveThatCannotBeReadIsAFinding(t *testing.T) {
	t.Parallel()
	x, _ := open(t, t.TempDir(), statetest.Shelf{archive.DocPrefix + archive.Place{Endpoint: "embedded", Bucket: "journal"}.String(): []byte(`{"`)})
	f, err := x.findings(time.Now())
	if err != nil || len(f) != 1 || f[0].Code != "archive-unreadable" {
		t.Fatalf("%+v %v", f, err)
	}
	if _, err := x.Archive(t.Context()); err == nil {
		t.Fatal("its status is answered")
	}
}

// A wing that was never opened closes, and one whose opening failed as well.
func TestTheWingClosesWhateverIsOpen(t *testing.T) {
	t.Parallel()
	l := placetest.Layout(t)
	l.Root = filepath.Join(t.TempDir(), "none")
	h := &wing.House{Layout: l, Dir: "\x00", Log: slog.New(slog.DiscardHandler), Now: time.Now}
	_, w := New(h, Options{})
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := w.Open(t.Context()); err == nil {
		t.Fatal("it opens in no directory")
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func copyOf(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	out, err := seal.Copies(dir)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// restore puts files back as they were, as somebody does with a backup.
func restore(t *testing.T, files map[string][]byte, dir string) {
	t.Helper()
	for name, b := range files {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
