package ingest_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/journal/ingest"
	"github.com/greenlang/fournines/internal/journal/seal"
)

// Erasing a person changes no byte and no hash: the entry's proof verifies as before, by
// another's verifier; a repeat is still a repeat, and what comes later of that person is
// recorded without what is personal.
func TestErasedPerson(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir, ingest.Options{})
	e := event(1)
	e.Person, e.Personal = "ada", map[string]string{"email": "ada@example.com"}
	s.send(event(0), e, event(2))
	before, err := s.Journal.Read(1, 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Sealer.Erase("ada", time.Unix(1_800_000_000, 0)); err != nil {
		t.Fatal(err)
	}
	if r := s.send(e); !r[0].Duplicate || r[0].Index != 1 || r[0].Error != nil {
		t.Fatalf("%+v", r[0])
	}
	later := event(3)
	later.Person, later.Personal = "ada", map[string]string{"email": "ada@example.com"}
	s.send(later)
	if r := s.send(later); !r[0].Duplicate || r[0].Index != 3 {
		t.Fatalf("%+v", r[0])
	}
	records, err := s.Journal.Read(0, 10)
	if err != nil || len(records) != 4 || !strings.Contains(string(records[3].Data), `"personal":{"erased":"2027-01-15T08:00:00Z"}`) {
		t.Fatalf("%v %s", err, records[3].Data)
	}
	var got ingest.Recorded
	if err := records[1].Decode(&got); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Sealer.Open(got.Personal, ingest.PersonalField()); !errors.Is(err, seal.ErrErased) {
		t.Fatal(err)
	}
	if !bytes.Equal(records[1].Bytes, before[0].Bytes) {
		t.Fatal("the entry's bytes have changed")
	}
	if err := s.Journal.Publish(t.Context()); err != nil {
		t.Fatal(err)
	}
	head := s.Journal.Head()
	root, err := hex.DecodeString(head.Root)
	if err != nil {
		t.Fatal(err)
	}
	hashes, err := s.Journal.Inclusion(1, head.Size)
	if err != nil {
		t.Fatal(err)
	}
	if err := proof.VerifyInclusion(rfc6962.DefaultHasher, 1, head.Size, rfc6962.DefaultHasher.HashLeaf(before[0].Bytes), hashes, root); err != nil {
		t.Fatal(err)
	}
	if _, err := journal.Verify(t.Context(), filepath.Join(dir, "journal"), journal.VerifyOptions{}); err != nil {
		t.Fatal(err)
	}
}
