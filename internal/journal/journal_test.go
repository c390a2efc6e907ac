package journal_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/greenlang/fournines/internal/journal"
)

var epoch = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func open(t *testing.T, dir string) *journal.Journal {
	t.Helper()
	j, err := journal.Open(dir, func() time.Time { return epoch })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	return j
}

func verify(dir string) (journal.Audit, error) {
	return journal.Verify(context.Background(), dir, journal.VerifyOptions{})
}

func segment(dir string, first uint64) string {
	return filepath.Join(dir, "log", fmt.Sprintf("%020d.seg", first))
}

func add(t *testing.T, j *journal.Journal, kinds ...string) {
	t.Helper()
	for _, k := range kinds {
		if _, err := j.Append(context.Background(), journal.Entry{Kind: k}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAppendIsReadBackAfterReopen(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	j := open(t, dir)
	add(t, j, "a", "b", "c")
	head := j.Head()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	j = open(t, dir)
	if got := j.Head(); got != head || got.Size != 3 {
		t.Fatalf("head after reopen %+v, want %+v", got, head)
	}
	records, err := j.Read(1, 100)
	if err != nil || len(records) != 2 || records[0].Kind != "b" || records[1].Index != 2 {
		t.Fatalf("read %+v, %v", records, err)
	}
	if !bytes.Equal(records[0].Hash, rfc6962.DefaultHasher.HashLeaf(records[0].Bytes)) {
		t.Fatal("hash does not cover the entry's bytes")
	}
}

// The tree head must be RFC 6962's: the hash of two leaves, computed here by hand.
func TestRootIsRFC6962(t *testing.T) {
	t.Parallel()
	j := open(t, t.TempDir())
	add(t, j, "a", "b")
	rs, err := j.Read(0, 2)
	if err != nil {
		t.Fatal(err)
	}
	h := rfc6962.DefaultHasher
	if want := hex.EncodeToString(h.HashChildren(h.HashLeaf(rs[0].Bytes), h.HashLeaf(rs[1].Bytes))); j.Head().Root != want {
		t.Fatalf("root %s, want %s", j.Head().Root, want)
	}
}

func TestConcurrentAppendsAreDenseAndContiguous(t *testing.T) {
	t.Parallel()
	j := open(t, t.TempDir())
	var wg sync.WaitGroup
	for w := range 32 {
		wg.Go(func() {
			for i := range 20 {
				k := fmt.Sprintf("w%d.%d", w, i)
				first, err := j.Append(context.Background(), journal.Entry{Kind: k}, journal.Entry{Kind: k})
				if err != nil {
					t.Error(err)
					return
				}
				rs, err := j.Read(first, 2)
				if err != nil || len(rs) != 2 || rs[0].Kind != k || rs[1].Kind != k {
					t.Errorf("entries of one append are not next to each other: %v %v", rs, err)
				}
			}
		})
	}
	wg.Wait()
	if got := j.Head().Size; got != 32*20*2 {
		t.Fatalf("size %d", got)
	}
	if a, err := verify(j.Dir()); err != nil || a.Head != j.Head() {
		t.Fatalf("verify %+v %v", a, err)
	}
}

func TestFollowYieldsOldAndNew(t *testing.T) {
	t.Parallel()
	j := open(t, t.TempDir())
	add(t, j, "a", "b")
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var got []string
	for r, err := range j.Follow(ctx, 1) {
		if err != nil {
			t.Fatal(err)
		}
		if got = append(got, r.Kind); r.Kind == "b" {
			add(t, j, "c")
		}
		if r.Kind == "c" {
			break
		}
	}
	if strings.Join(got, "") != "bc" {
		t.Fatalf("followed %v", got)
	}
}

func TestTornTailIsCutAndNothingAcknowledgedIsLost(t *testing.T) {
	t.Parallel()
	for _, tail := range [][]byte{{1}, {9, 0, 0, 0, 1, 2, 3, 4, '{'}, make([]byte, 300)} {
		dir := t.TempDir()
		j := open(t, dir)
		add(t, j, "a", "b")
		head := j.Head()
		_ = j.Close()
		f, err := os.OpenFile(segment(dir, 0), os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write(tail); err != nil {
			t.Fatal(err)
		}
		_ = f.Close()
		j = open(t, dir)
		if j.Head() != head {
			t.Fatalf("head %+v, want %+v", j.Head(), head)
		}
		add(t, j, "c")
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := verify(dir); err != nil {
			t.Fatal(err)
		}
	}
}

// Every byte of the log is flipped once, and every prefix is tried: each is named as damage.
func TestEveryFlippedByteAndEveryTruncationIsFound(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	j := open(t, dir)
	add(t, j, "alpha", "beta", "gamma")
	_ = j.Close()
	path := segment(dir, 0)
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	check := func(what string, b []byte) {
		t.Helper()
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		var damage *journal.DamageError
		if _, err := verify(dir); !errors.As(err, &damage) {
			t.Fatalf("%s: not found (%v)", what, err)
		}
	}
	for i := range good {
		b := bytes.Clone(good)
		b[i] ^= 0x10
		check(fmt.Sprintf("flip at %d", i), b)
	}
	for n := range good {
		check(fmt.Sprintf("truncation to %d", n), good[:n])
	}
}

func TestSecondWriterIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	open(t, dir)
	if _, err := journal.Open(dir, time.Now); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Fatalf("got %v", err)
	}
}

func TestBadEntryFailsAlone(t *testing.T) {
	t.Parallel()
	j := open(t, t.TempDir())
	if _, err := j.Append(context.Background(), journal.Entry{}); err == nil {
		t.Fatal("an entry without a kind was taken")
	}
	big := journal.Entry{Kind: "big", Reason: strings.Repeat("x", journal.MaxEntryBytes)}
	if _, err := j.Append(context.Background(), big); err == nil || !strings.Contains(err.Error(), "bound") {
		t.Fatalf("got %v", err)
	}
	add(t, j, "good")
	if j.Head().Size != 1 {
		t.Fatalf("size %d", j.Head().Size)
	}
}

func TestClosedJournalSaysSo(t *testing.T) {
	t.Parallel()
	j := open(t, t.TempDir())
	if err := errors.Join(j.Close(), j.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := j.Append(context.Background(), journal.Entry{Kind: "a"}); !errors.Is(err, journal.ErrClosed) {
		t.Fatalf("got %v", err)
	}
}

// Whatever stands in the log, verifying and opening end, and never say that it is what
// was acknowledged when it is not.
func FuzzLog(f *testing.F) {
	dir := f.TempDir()
	j, err := journal.Open(dir, func() time.Time { return epoch })
	if err != nil {
		f.Fatal(err)
	}
	if _, err := j.Append(context.Background(), journal.Entry{Kind: "a"}, journal.Entry{Kind: "b"}); err != nil {
		f.Fatal(err)
	}
	head := j.Head()
	if err := j.Close(); err != nil {
		f.Fatal(err)
	}
	seed, err := os.ReadFile(segment(dir, 0))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Add([]byte{})
	f.Add([]byte{255, 255, 255, 255, 0, 0, 0, 0})
	f.Add(append(bytes.Clone(seed), 7))
	f.Fuzz(func(t *testing.T, b []byte) {
		d := t.TempDir()
		if err := os.CopyFS(d, os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(segment(d, 0), b, 0o600); err != nil {
			t.Fatal(err)
		}
		a, err := verify(d)
		if intact := bytes.HasPrefix(b, seed); (err == nil) && (!intact || a.Size < head.Size) {
			t.Fatalf("not found: %q", b)
		}
		if j, err := journal.Open(d, time.Now); err == nil {
			if j.Head().Size < head.Size {
				t.Fatalf("opened with %d entries", j.Head().Size)
			}
			_ = j.Close() // an entry that the fuzzer made may be no JSON
		}
	})
}
