package journal_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/journal"
)

func TestCanonicalBytes(t *testing.T) {
	t.Parallel()
	j := open(t, t.TempDir())
	for want, e := range map[string]journal.Entry{
		`{"time":"2026-01-02T03:04:05.000000000Z","kind":"a"}`: {Kind: "a"},
		`{"time":"2026-01-02T03:04:05.000000120Z","kind":"a","subject":"s","operation":"o","actor":"<p>","reason":"say \"é\"\n","trace":"0123456789abcdef0123456789abcdef","approval":"q","data":{"b":[1,2],"a":" "}}`: {
			Index: 7, Time: epoch.Add(120).In(time.FixedZone("", 3600)), Kind: "a", Subject: "s", Operation: "o", Actor: "<p>", Reason: "say \"é\"\n",
			Trace: "0123456789abcdef0123456789abcdef", Approval: "q", Data: []byte(" { \"b\" : [1, 2],\n\"a\":\" \"}"),
		},
	} {
		index, err := j.Append(context.Background(), e)
		if err != nil {
			t.Fatal(err)
		}
		records, err := j.Read(index, 1)
		if err != nil || len(records) != 1 || string(records[0].Bytes) != want || records[0].Index != index || records[0].Reason != e.Reason {
			t.Fatalf("%+v %v, want %s", records, err, want)
		}
	}
}

func TestEntriesOutOfBoundsAreRefused(t *testing.T) {
	t.Parallel()
	j := open(t, t.TempDir())
	long := strings.Repeat("x", 1025)
	for say, e := range map[string]journal.Entry{
		"no kind":                {},
		"kind of entry":          {Kind: long},
		"subject of entry a":     {Kind: "a", Subject: long[:257]},
		"operation of entry a":   {Kind: "a", Operation: long[:129]},
		"actor of entry a":       {Kind: "a", Actor: long[:257]},
		"approval of entry a":    {Kind: "a", Approval: long[:257]},
		"reason of entry a":      {Kind: "a", Reason: long},
		"hexadecimal digits":     {Kind: "a", Trace: "ABC"},
		"is not JSON":            {Kind: "a", Data: []byte(`{"a":`)},
		"is not UTF-8":           {Kind: "a", Data: []byte("\"\xff\"")},
		"the years 1 to 9999":    {Kind: "a", Time: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)},
		"put the bulk into a fi": {Kind: "a", Data: []byte(`"` + strings.Repeat("x", 65535) + `"`)},
	} {
		if _, err := j.Append(context.Background(), e); err == nil || !strings.Contains(err.Error(), say) {
			t.Errorf("%s: %v", say, err)
		}
	}
	if j.Head().Size != 0 {
		t.Fatalf("size %d", j.Head().Size)
	}
	if got := journal.Brief(strings.Repeat("é", 600)); len(got) > journal.MaxReason || !strings.HasSuffix(got, "é…") {
		t.Fatalf("%q", got)
	}
}

func TestEarlierFormatIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "log"), []byte("frames"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := journal.Open(dir, time.Now)
	_, verr := verify(dir)
	for _, err := range []error{err, verr} {
		if err == nil || !strings.Contains(err.Error(), "of an earlier version") {
			t.Fatalf("got %v", err)
		}
	}
}

func TestDirectoryThatCannotBeMadeIsSaid(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := journal.Open(filepath.Join(file, "journal"), time.Now); err == nil || !strings.Contains(err.Error(), "open journal") {
		t.Fatalf("got %v", err)
	}
}

type fence struct {
	Component string `json:"component"`
	Epoch     int    `json:"epoch,omitempty"`
}

func TestKinds(t *testing.T) {
	t.Parallel()
	set := journal.NewKind[fence]("fence.set", "A component is to be dead.")
	lifted := journal.NewBareKind("fence.lifted", "It may live again.")
	kinds := []journal.Kind{set.Kind, lifted.Kind}
	j, err := journal.Options{Kinds: kinds}.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	e, err := set.Entry("redis", "o", fence{"redis", 3})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := j.Append(t.Context(), e, lifted.Entry("redis", "o")); err != nil {
		t.Fatal(err)
	}
	for say, e := range map[string]journal.Entry{
		`did you mean "fence.lifted"`:    {Kind: "fence.lift"},
		"it has no data":                 {Kind: "fence.lifted", Data: []byte("1")},
		"are missing, a journal_test.fe": {Kind: "fence.set"},
	} {
		if _, err := j.Append(t.Context(), e); err == nil || !strings.Contains(err.Error(), say) {
			t.Errorf("%s: %v", say, err)
		}
	}
	schemas, err := journal.Schemas(kinds)
	if err != nil {
		t.Fatal(err)
	}
	if s := string(schemas["fence.set"]); !strings.Contains(s, `"component":{"type":"string"}`) || !strings.Contains(s, "is to be dead") || string(schemas["fence.lifted"]) != "null" {
		t.Fatalf("%s", schemas)
	}
	for say, kinds := range map[string][]journal.Kind{
		"declared twice":    {set.Kind, set.Kind},
		"needs a sentence":  {{Name: "a"}},
		"a name has 1 to":   {{Name: strings.Repeat("x", 65), Doc: "d"}},
		"the bound is 1000": make([]journal.Kind, 1001),
	} {
		if _, err := (journal.Options{Kinds: kinds}).Open(t.TempDir()); err == nil || !strings.Contains(err.Error(), say) {
			t.Errorf("%s: %v", say, err)
		}
	}
}

func TestEmptyJournalVerifies(t *testing.T) {
	t.Parallel()
	j := open(t, t.TempDir())
	if a, err := verify(j.Dir()); err != nil || a.Size != 0 || a.Head != j.Head() {
		t.Fatalf("%+v %v", a, err)
	}
	if _, err := journal.Verify(t.Context(), filepath.Join(t.TempDir(), "none"), journal.VerifyOptions{}); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("no journal at all: %v", err)
	}
}

// A directory of which only the keys are left must not become a second log of the same name.
func TestEmptiedJournalIsNotBegunAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	j := open(t, dir)
	add(t, j, "a")
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"log", "tile", "head", "checkpoint"} {
		if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	var damage *journal.DamageError
	if _, err := journal.Open(dir, time.Now); !errors.As(err, &damage) || damage.Kind != journal.Missing {
		t.Fatalf("got %v", err)
	}
}
