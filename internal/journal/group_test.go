package journal_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/journal"
)

// decided is a list of groups that stands for the servers' quorum.
type decided struct {
	mu     sync.Mutex
	groups []journal.Group
	err    error
}

func (d *decided) decide(g journal.Group) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err != nil {
		return d.err
	}
	parsed, err := journal.ParseGroup(g.Encode())
	d.groups = append(d.groups, parsed)
	return err
}

func openWith(t *testing.T, dir, key string, decide func(journal.Group) error) *journal.Journal {
	t.Helper()
	j, err := journal.Options{Key: key, Decide: decide}.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	return j
}

func newKey(t *testing.T) string {
	t.Helper()
	key, err := journal.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestGroupsMakeTheSameLog(t *testing.T) {
	t.Parallel()
	d, key := &decided{}, newKey(t)
	leader := openWith(t, t.TempDir(), key, d.decide)
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			for k := range 20 {
				if _, err := leader.Append(t.Context(), journal.Entry{Kind: "a", Subject: fmt.Sprint(i, k)}, journal.Entry{Kind: "b"}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	dir := t.TempDir()
	follower := openWith(t, dir, key, func(journal.Group) error { return journal.ErrNotLeader })
	half := len(d.groups) / 2
	for _, g := range d.groups[:half] {
		if err := follower.Accept(t.Context(), g); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := follower.Append(t.Context(), journal.Entry{Kind: "a"}); !errors.Is(err, journal.ErrNotLeader) {
		t.Fatalf("a follower appends: %v", err)
	}
	if err := follower.Close(); err != nil {
		t.Fatal(err)
	}
	follower = openWith(t, dir, key, nil) // the rest after a restart, at once
	if err := follower.Accept(t.Context(), d.groups[half:]...); err != nil {
		t.Fatal(err)
	}
	if leader.Head() != follower.Head() || leader.VerifierKey() != follower.VerifierKey() {
		t.Fatalf("the leader has %v, the follower %v", leader.Head(), follower.Head())
	}
	if err := follower.Publish(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := journal.Verify(t.Context(), dir, journal.VerifyOptions{Key: leader.VerifierKey()}); err != nil {
		t.Fatal(err)
	}
}

// Who lacks more than the groups that are kept reads the rest from another server.
func TestGroupsAreReadBack(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	from, to := openWith(t, t.TempDir(), key, nil), openWith(t, t.TempDir(), key, nil)
	for i := range 1000 {
		if _, err := from.Append(t.Context(), journal.Entry{Kind: "a", Subject: strings.Repeat("x", i%50)}); err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	err := from.Groups(t.Context(), 0, 1000, 5000, func(g journal.Group) error {
		n++
		return to.Accept(t.Context(), g)
	})
	if err != nil || from.Head() != to.Head() || n < 5 {
		t.Fatalf("%v: %v in %d groups, want %v", err, to.Head(), n, from.Head())
	}
}

func TestGroupsThatDoNotFitAreRefused(t *testing.T) {
	t.Parallel()
	d, key := &decided{}, newKey(t)
	leader := openWith(t, t.TempDir(), key, d.decide)
	for i := range 3 {
		if _, err := leader.Append(t.Context(), journal.Entry{Kind: "a", Subject: fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
	}
	f := openWith(t, t.TempDir(), key, nil)
	if err := f.Accept(t.Context(), d.groups[1]); err == nil || !strings.Contains(err.Error(), "begin with 1, the journal holds 0") {
		t.Fatalf("a gap is taken: %v", err)
	}
	if err := f.Accept(t.Context(), d.groups[0], d.groups[2]); err == nil {
		t.Fatal("a gap between groups is taken")
	}
	torn := d.groups[0]
	torn.Frames = slices.Clone(torn.Frames)
	torn.Frames[len(torn.Frames)-1] ^= 1
	if err := f.Accept(t.Context(), torn); err == nil || !strings.Contains(err.Error(), "damaged in transit") {
		t.Fatalf("a damaged group is taken: %v", err)
	}
	if err := f.Accept(t.Context(), d.groups[0]); err != nil { // all of that has changed nothing
		t.Fatal(err)
	}
	other := d.groups[1]
	other.Root[0] ^= 1
	var damage *journal.DamageError
	if err := f.Accept(t.Context(), other); !errors.As(err, &damage) || damage.Kind != journal.Forked {
		t.Fatalf("another history is taken: %v", err)
	}
	if err := f.Accept(t.Context(), d.groups[1]); !errors.Is(err, journal.ErrClosed) {
		t.Fatalf("a forked journal goes on: %v", err)
	}
}

// When nobody knows whether a group was decided, no later one may be.
func TestAnUnknownDecisionEndsTheJournal(t *testing.T) {
	t.Parallel()
	d := &decided{}
	dir, key := t.TempDir(), newKey(t)
	j := openWith(t, dir, key, d.decide)
	if _, err := j.Append(t.Context(), journal.Entry{Kind: "a"}); err != nil {
		t.Fatal(err)
	}
	d.err = context.DeadlineExceeded
	if _, err := j.Append(t.Context(), journal.Entry{Kind: "lost"}); err == nil {
		t.Fatal("what nobody has decided is acknowledged")
	}
	d.err = nil
	if _, err := j.Append(t.Context(), journal.Entry{Kind: "b"}); !errors.Is(err, journal.ErrClosed) {
		t.Fatalf("the journal goes on: %v", err)
	}
	_ = j.Close()
	if j = openWith(t, dir, key, d.decide); j.Head().Size != 1 {
		t.Fatalf("the log holds %d entries, want 1", j.Head().Size)
	}
}

// A disk that refuses what was decided ends the journal, and the next start takes it from the others.
func TestADecidedGroupThatCannotBeWrittenIsTakenAgain(t *testing.T) {
	t.Parallel()
	d := &decided{}
	dir, key, full := t.TempDir(), newKey(t), false
	o := journal.Options{Key: key, Decide: d.decide}.WithFault(func(op, path string) error {
		if full && op == "write" && filepath.Ext(path) == ".seg" {
			return errors.New("no space left on device")
		}
		return nil
	})
	j, err := o.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	full = true
	if _, err := j.Append(t.Context(), journal.Entry{Kind: "a"}); err == nil || !strings.Contains(err.Error(), "it is decided all the same") {
		t.Fatalf("got %v", err)
	}
	_ = j.Close()
	j = openWith(t, dir, key, d.decide)
	if err := j.Accept(t.Context(), d.groups...); err != nil || j.Head().Size != 1 {
		t.Fatalf("%v: %d entries", err, j.Head().Size)
	}
}

func TestAnotherKeyIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := openWith(t, dir, newKey(t), nil).Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := (journal.Options{Key: newKey(t)}).Open(dir); err == nil || !strings.Contains(err.Error(), "the servers that hold this log sign as") {
		t.Fatalf("got %v", err)
	}
}

func FuzzParseGroup(f *testing.F) {
	f.Add(journal.Group{First: 3, Count: 1, Stamp: time.Unix(1, 0), Frames: []byte("\x01\x00\x00\x00\x00\x00\x00\x00x")}.Encode())
	f.Add([]byte("fn grp\x01\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		g, err := journal.ParseGroup(b)
		if err != nil {
			return
		}
		if again, err := journal.ParseGroup(g.Encode()); err != nil || again.First != g.First || again.Count != g.Count || again.Root != g.Root {
			t.Fatalf("%v: %v is read as %v", err, g, again)
		}
	})
}
