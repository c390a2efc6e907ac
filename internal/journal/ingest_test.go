package journal_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/journal/ingest"
	"github.com/greenlang/fournines/internal/journal/seal"
	"github.com/greenlang/fournines/kit/audit"
)

// Applications' events on a disk that is full now and then: what was acknowledged is in
// the journal once, and what was not can be sent again.
func TestIngestOnAFullDisk(t *testing.T) {
	t.Parallel()
	j, b := brittle(t, journal.Options{Kinds: ingest.EntryKinds(), SegmentBytes: 4000})
	dir := t.TempDir()
	keys, err := seal.OpenDirectory(filepath.Join(dir, "keys"), filepath.Join(dir, "master"))
	if err != nil {
		t.Fatal(err)
	}
	defer keys.Close() //nolint:errcheck // only read
	sealer, err := seal.New(keys, keys.Pepper())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	s, err := ingest.Open(ctx, ingest.Options{Journal: j, Sealer: sealer, Dir: filepath.Join(dir, "ids")})
	if err != nil {
		t.Fatal(err)
	}
	index := map[string]uint64{}
	for i, failed := 0, false; i < 60; {
		if i%7 == 3 && !failed {
			b.set(failing([]string{"write", "create"}[i%2], ".seg", syscall.ENOSPC))
		}
		e := audit.Event{ID: fmt.Sprint(i), Time: epoch, Tenant: "acme", Actor: "a", Action: "order.placed", Subject: strings.Repeat("x", 200)}
		a, err := s.Take(t.Context(), "shop", []audit.Event{e})
		b.set(nil)
		if failed = err != nil; failed {
			continue // and again
		}
		if a.Results[0].Duplicate || a.Results[0].Error != nil {
			t.Fatalf("%d: %+v", i, a)
		}
		index[e.ID] = a.Results[0].Index
		i++
	}
	cancel()
	s.Close()
	records, err := j.Read(0, 1000)
	if err != nil || len(records) != 60 {
		t.Fatalf("%d entries, %v", len(records), err)
	}
	for _, r := range records {
		if index[r.Operation] != r.Index {
			t.Errorf("%s stands at %d, %d was told", r.Operation, r.Index, index[r.Operation])
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := verify(j.Dir()); err != nil {
		t.Fatal(err)
	}
}
