package compliance

import (
	"encoding/json"
	"testing"

	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/journal/archive"
	"github.com/greenlang/fournines/internal/state"
)

// Each place has a document of its own, and other entries change none.
func TestEachPlaceIsFoldedOnItsOwn(t *testing.T) {
	t.Parallel()
	docs := state.NewDocs()
	one, two := archive.Place{Endpoint: "https://a", Bucket: "x"}, archive.Place{Endpoint: "https://b", Bucket: "x"}
	fold := func(index uint64, kind string, data any) {
		t.Helper()
		b, err := json.Marshal(data)
		if err != nil {
			t.Fatal(err)
		}
		if err := Fold(docs, journal.Record{Entry: journal.Entry{Index: index, Kind: kind, Data: b}}); err != nil {
			t.Fatal(err)
		}
	}
	begun := archive.Begun{Place: one, First: 0, Next: 300}
	fold(1, "archive.begun", begun)
	fold(2, "archive.begun", archive.Begun{Place: two, First: 0, Next: 100})
	fold(3, "archive.stored", archive.Stored{Begun: begun, Tiles: 5})
	fold(4, "archive.stored", archive.Stored{Begun: begun, Tiles: 5}) // an old one again
	fold(5, "edge.counted", map[string]int{"place": 1})
	fold(6, "archive.failed", archive.Failed{Place: two, Kind: "conflict"})
	get := func(p archive.Place) (s archive.Status) {
		t.Helper()
		if found, err := docs.Get(archive.DocPrefix+p.String(), &s); err != nil || !found {
			t.Fatal(found, err)
		}
		return s
	}
	if s := get(one); s.Next != 300 || s.Pending != nil || s.Parts != 1 || s.Objects != 8 || s.LastIn != 3 || s.Failed != nil {
		t.Errorf("%+v", s)
	}
	if s := get(two); s.Next != 0 || s.Pending == nil || s.Pending.Next != 100 || s.Failed == nil || s.FailedIn != 6 {
		t.Errorf("%+v", s)
	}
}
