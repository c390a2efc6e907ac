package state_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/state"
)

// memory is a Store that can refuse to save, as etcd does when it is away.
type memory struct {
	mu    sync.Mutex
	docs  map[string]json.RawMessage
	at    state.Position
	saved chan uint64
}

func (m *memory) Load(context.Context) (map[string]json.RawMessage, state.Position, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.docs), m.at, nil
}

func (m *memory) Save(_ context.Context, docs map[string]json.RawMessage, at state.Position) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	maps.Copy(m.docs, docs)
	m.at = at
	m.saved <- at.Applied
	return nil
}

// count folds entries into one document per kind, with their number.
func count(d *state.Docs, r journal.Record) error {
	n := 0
	if _, err := d.Get("n/"+r.Kind, &n); err != nil {
		return err
	}
	return d.Put("n/"+r.Kind, n+1)
}

func openAll(t *testing.T, dir string, m *memory) (*state.Projection, func()) {
	t.Helper()
	j, err := journal.Open(filepath.Join(dir, "journal"), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	p, err := state.Open(ctx, j, m, slog.New(slog.DiscardHandler), count)
	if err != nil {
		t.Fatal(err)
	}
	return p, func() { cancel(); p.Close(); _ = j.Close() }
}

func TestEntriesAreFoldedExactlyOnceAcrossRestarts(t *testing.T) {
	t.Parallel()
	dir, m := t.TempDir(), &memory{docs: map[string]json.RawMessage{}, saved: make(chan uint64, 1000)}
	for life := range 5 {
		p, stop := openAll(t, dir, m)
		for range 3 {
			if _, err := p.Append(t.Context(), journal.Entry{Kind: "a"}, journal.Entry{Kind: "b"}); err != nil {
				t.Fatal(err)
			}
		}
		var n int
		if _, err := p.Get("n/a", &n); err != nil || n != 3*(life+1) {
			t.Fatalf("life %d: %d entries folded, want %d (%v)", life, n, 3*(life+1), err)
		}
		stop() // sometimes before the state was saved: the rest is replayed
	}
}

func TestStateAheadOfItsJournalIsRefused(t *testing.T) {
	t.Parallel()
	j, err := journal.Open(t.TempDir(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close() //nolint:errcheck // test
	m := &memory{docs: map[string]json.RawMessage{}, at: state.Position{Applied: 7}, saved: make(chan uint64, 1)}
	if _, err := state.Open(t.Context(), j, m, slog.Default()); err == nil || !strings.Contains(err.Error(), "damaged at entry 0 (rolled-back): the state has followed it to 7 entries, and it holds 0") {
		t.Fatalf("got %v", err)
	}
}

func TestListIsSortedAndByPrefix(t *testing.T) {
	t.Parallel()
	m := &memory{docs: map[string]json.RawMessage{"n/b": []byte("2"), "n/a": []byte("1"), "o/c": []byte("3")}, saved: make(chan uint64, 1000)}
	p, stop := openAll(t, t.TempDir(), m)
	defer stop()
	got, err := state.List[int](p, "n/")
	if err != nil || len(got) != 2 || got[0] != 1 || got[1] != 2 {
		t.Fatalf("%v %v", got, err)
	}
}

// A journal that was put back from a copy, and one that went another way, are refused.
func TestAnotherJournalInItsPlaceIsRefused(t *testing.T) {
	t.Parallel()
	dir, m := t.TempDir(), &memory{docs: map[string]json.RawMessage{}, saved: make(chan uint64, 1000)}
	live, older := filepath.Join(dir, "journal"), filepath.Join(dir, "older")
	p, stop := openAll(t, dir, m)
	if _, err := p.Append(t.Context(), journal.Entry{Kind: "a"}); err != nil {
		t.Fatal(err)
	}
	stop()
	if err := os.CopyFS(older, os.DirFS(live)); err != nil {
		t.Fatal(err)
	}
	// Append until the state has seen a published beginning that the copy lacks.
	p, stop = openAll(t, dir, m)
	for known := uint64(0); known < 3; {
		if _, err := p.Append(t.Context(), journal.Entry{Kind: "mine"}); err != nil {
			t.Fatal(err)
		}
		<-m.saved
		m.mu.Lock()
		known = m.at.Known.Size
		m.mu.Unlock()
	}
	stop()
	open := func(want journal.Damage) {
		t.Helper()
		j, err := journal.Open(older, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		defer j.Close() //nolint:errcheck // test
		_, err = state.Open(t.Context(), j, m, slog.New(slog.DiscardHandler), count)
		if damage := (*journal.DamageError)(nil); !errors.As(err, &damage) || damage.Kind != want {
			t.Fatalf("got %v, want %s", err, want)
		}
	}
	open(journal.RolledBack)
	j, err := journal.Open(older, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	for range m.at.Applied {
		if _, err := j.Append(t.Context(), journal.Entry{Kind: "theirs"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	open(journal.Forked)
}

func TestPositionIsReadBackAndRefusedWhenStrange(t *testing.T) {
	t.Parallel()
	root := strings.Repeat("ab", 32)
	for _, s := range []string{"0", "7", "9 7 " + root} {
		if p, err := state.ParsePosition(s); err != nil || p.String() != s {
			t.Errorf("%q: %v %v", s, p, err)
		}
	}
	for _, s := range []string{"", "x", "-1", "7 7", "7 8 " + root, "7 7 abc", "7 x " + root, "7 7 " + root + " "} {
		if p, err := state.ParsePosition(s); err == nil {
			t.Errorf("%q: %v", s, p)
		}
	}
}
