package journal_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/journal"
)

// breaker lets operations fail while it is set.
type breaker struct {
	mu   sync.Mutex // guards fail
	fail func(op, path string) error
}

func (b *breaker) set(fail func(op, path string) error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fail = fail
}

func (b *breaker) ask(op, path string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fail == nil {
		return nil
	}
	return b.fail(op, path)
}

func failing(op, in string, err error) func(string, string) error {
	return func(o, path string) error {
		if o == op && strings.Contains(path, in) {
			return fmt.Errorf("%s %s: %w", op, path, err)
		}
		return nil
	}
}

func brittle(t *testing.T, o journal.Options) (*journal.Journal, *breaker) {
	t.Helper()
	b := &breaker{}
	o.Now = func() time.Time { return epoch }
	j, err := o.WithFault(b.ask).Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return j, b
}

// A disk that is full, broken or read-only fails the group, cuts off what it had written of it, and
// the journal goes on when writes succeed again.
func TestFailedWriteIsCutOffAndTheJournalGoesOn(t *testing.T) {
	t.Parallel()
	for _, cause := range []error{syscall.ENOSPC, syscall.EIO, syscall.EROFS} {
		for _, where := range []struct{ op, in string }{{"write", ".seg"}, {"create", ".seg"}} {
			j, b := brittle(t, journal.Options{SegmentBytes: 1}) // each group begins a segment
			add(t, j, "a")
			b.set(failing(where.op, where.in, cause))
			if _, err := j.Append(t.Context(), journal.Entry{Kind: "lost"}); !errors.Is(err, cause) || !strings.Contains(err.Error(), "repeat it") {
				t.Fatalf("%v: %v", where, err)
			}
			b.set(nil)
			add(t, j, "b", "c")
			expectKinds(t, j, "abc")
		}
	}
}

func expectKinds(t *testing.T, j *journal.Journal, want string) {
	t.Helper()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := verify(j.Dir()); err != nil {
		t.Fatal(err)
	}
	again := open(t, j.Dir())
	records, err := again.Read(0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for _, r := range records {
		got.WriteString(r.Kind)
	}
	if got.String() != want {
		t.Fatalf("read %q, want %q", got.String(), want)
	}
}

// After a failed sync nobody knows what is on the disk: nothing more is accepted.
func TestFailedSyncPoisons(t *testing.T) {
	t.Parallel()
	j, b := brittle(t, journal.Options{PublishEvery: time.Hour})
	add(t, j, "a")
	b.set(failing("sync", ".seg", syscall.EIO))
	if _, err := j.Append(t.Context(), journal.Entry{Kind: "doubtful"}); !errors.Is(err, syscall.EIO) {
		t.Fatalf("got %v", err)
	}
	b.set(nil)
	if _, err := j.Append(t.Context(), journal.Entry{Kind: "b"}); !errors.Is(err, journal.ErrClosed) || !errors.Is(err, syscall.EIO) {
		t.Fatalf("got %v", err)
	}
	_ = j.Close()
	again := open(t, j.Dir())
	if records, err := again.Read(0, 1); err != nil || len(records) != 1 || records[0].Kind != "a" {
		t.Fatalf("%v %v", records, err)
	}
}

// What publishing cannot write does not stop the log, and is made up for.
func TestFailedPublishingDoesNotStopTheLog(t *testing.T) {
	t.Parallel()
	for _, where := range []struct{ op, in string }{
		{"create", "tile"}, {"write", "tile/0"}, {"write", "entries"}, {"sync", "tile"}, {"rename", "tile"},
		{"create", "checkpoint"}, {"write", "checkpoint"}, {"sync", "checkpoint"}, {"rename", "checkpoint"},
	} {
		j, b := brittle(t, journal.Options{PublishEvery: time.Hour})
		add(t, j, "a")
		if err := j.Publish(t.Context()); err != nil {
			t.Fatal(err)
		}
		b.set(failing(where.op, where.in, syscall.ENOSPC))
		add(t, j, "b")
		if err := j.Publish(t.Context()); !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("%v: %v", where, err)
		}
		add(t, j, "c")
		if _, err := verify(j.Dir()); err != nil {
			t.Fatalf("%v: %v", where, err)
		}
		b.set(nil)
		if err := j.Publish(t.Context()); err != nil {
			t.Fatalf("%v: %v", where, err)
		}
		if _, n := j.Checkpoint(); n != 3 {
			t.Fatalf("%v: the checkpoint covers %d entries", where, n)
		}
		expectKinds(t, j, "abc")
	}
}

// Whichever operation fails while a journal is made, it is said, and the next attempt
// goes on from there.
func TestInterruptedBeginningIsTakenUp(t *testing.T) {
	t.Parallel()
	for n, met := int64(0), true; met; n++ {
		var count atomic.Int64
		met = false
		o := journal.Options{}.WithFault(func(op, path string) error {
			if count.Add(1)-1 == n {
				met = true
				return fmt.Errorf("%s %s: %w", op, path, syscall.ENOSPC)
			}
			return nil
		})
		dir := t.TempDir()
		j, err := o.Open(dir)
		if met && !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("operation %d: %v", n, err)
		}
		if err == nil {
			_ = j.Close()
			continue
		}
		j = open(t, dir)
		add(t, j, "a")
		expectKinds(t, j, "a")
	}
}

// Under random failures everything acknowledged stays, in order.
func TestRandomFailuresLoseNothing(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano()) //nolint:gosec // any will do
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	j, b := brittle(t, journal.Options{SegmentBytes: 2000, PublishEvery: time.Millisecond})
	b.set(func(op, path string) error {
		if r.IntN(8) == 0 && (op != "sync" || !strings.HasSuffix(path, ".seg")) { // under the breaker's lock
			return syscall.ENOSPC
		}
		return nil
	})
	var want []string
	for i := range 600 {
		e := event(i)
		index, err := j.Append(t.Context(), e)
		if err == nil {
			if index != uint64(len(want)) {
				t.Fatalf("index %d, want %d", index, len(want))
			}
			want = append(want, e.Operation)
		}
	}
	b.set(nil)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if a, err := verify(j.Dir()); err != nil || a.Size != uint64(len(want)) || a.Published != a.Size {
		t.Fatalf("%+v %v", a, err)
	}
	records, err := open(t, j.Dir()).Read(0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for i, rec := range records {
		if rec.Operation != want[i] {
			t.Fatalf("entry %d is %s, want %s", i, rec.Operation, want[i])
		}
	}
}

// A clock that steps back does not take the journal's stamps with it, also not over a
// restart. An entry's own time is kept.
func TestStampsNeverGoBack(t *testing.T) {
	t.Parallel()
	dir, now := t.TempDir(), epoch
	var own time.Time
	stamp := func() time.Time {
		j, err := journal.Open(dir, func() time.Time { return now })
		if err != nil {
			t.Fatal(err)
		}
		index, err := j.Append(context.Background(), journal.Entry{Kind: "a", Time: own})
		if err != nil {
			t.Fatal(err)
		}
		records, err := j.Read(index, 1)
		if err != nil || len(records) != 1 {
			t.Fatalf("%v %v", records, err)
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		return records[0].Time
	}
	if got := stamp(); !got.Equal(epoch) {
		t.Fatalf("stamped %v", got)
	}
	now = epoch.Add(-time.Hour)
	if got := stamp(); !got.Equal(epoch) {
		t.Fatalf("stamped %v behind %v", got, epoch)
	}
	own = epoch.Add(-48 * time.Hour)
	if got := stamp(); !got.Equal(own) {
		t.Fatalf("its own time %v became %v", own, got)
	}
	own, now = time.Time{}, epoch.Add(time.Second)
	if got := stamp(); !got.Equal(now) {
		t.Fatalf("stamped %v, the clock says %v", got, now)
	}
}
