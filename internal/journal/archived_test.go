package journal_test

import (
	"bytes"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/journal/tiles"
)

// A journal answers for every size that it has passed, also where no partial tile was
// written, because nothing was published just then.
func TestEarlierSizes(t *testing.T) {
	t.Parallel()
	j, err := (journal.Options{Now: time.Now, PublishEvery: time.Hour, SegmentBytes: 16 << 10}).Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close() //nolint:errcheck // a test
	entries := make([]journal.Entry, 1300)
	for i := range entries {
		entries[i].Kind = "a"
	}
	for _, n := range []int{100, 700, 500} {
		if _, err := j.Append(t.Context(), entries[:n]...); err != nil {
			t.Fatal(err)
		}
		if err := j.Publish(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	v, err := note.NewVerifier(j.VerifierKey())
	if err != nil {
		t.Fatal(err)
	}
	var want tiles.Frontier
	records, err := j.Read(0, 1300)
	if err != nil {
		t.Fatal(err)
	}
	last := int64(0)
	for size := uint64(1); size <= 1300; size++ {
		want.Add(tiles.Hash(records[size-1].Hash))
		raw, err := j.CheckpointAt(size)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := j.CheckpointAt(size); err != nil || !bytes.Equal(again, raw) {
			t.Fatalf("the checkpoint at %d is another each time (%v)", size, err)
		}
		c, err := tiles.OpenCheckpoint(raw, v)
		if err != nil || c.Size != size || c.Root != want.Root() {
			t.Fatalf("at %d: %+v %v", size, c, err)
		}
		e, err := j.EdgeAt(size)
		if err != nil {
			t.Fatal(err)
		}
		if f := e.Frontier(); f.Root() != want.Root() {
			t.Fatalf("the edge at %d is another", size)
		}
		n := j.Bytes(0, size)
		if n < last || n < int64(len(records[0].Bytes))*int64(size) { //nolint:gosec // small
			t.Fatalf("the first %d entries take %d bytes, one less took %d", size, n, last)
		}
		last = n
	}
	newest, size := j.Checkpoint()
	if at, err := j.CheckpointAt(size); err != nil || !bytes.Equal(at, newest) {
		t.Fatal("the newest checkpoint is not the one at its size", err)
	}
	if _, err := j.CheckpointAt(1301); err == nil {
		t.Error("a checkpoint over what is not there")
	}
	if _, err := j.EdgeAt(1301); err == nil {
		t.Error("an edge beyond the end")
	}
	if n := j.Bytes(1300, 2000); n != 0 {
		t.Errorf("what is not there takes %d bytes", n)
	}
}
