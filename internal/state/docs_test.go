package state_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/state"
)

// page is a document with everything that could be shared by mistake.
type page struct {
	Name  string            `json:"name"`
	Group string            `json:"group,omitempty"`
	At    time.Time         `json:"at"`
	Lines []line            `json:"lines,omitempty"`
	Notes map[string][]int  `json:"notes,omitempty"`
	Next  *line             `json:"next,omitempty"`
	Raw   json.RawMessage   `json:"raw,omitempty"`
	Pair  [2]*line          `json:"pair"`
	Tags  map[string]string `json:"tags,omitempty"`
}

type line struct {
	Text string `json:"text"`
	N    []byte `json:"n,omitempty"`
}

var (
	byGroup = state.NewIndex("p/", func(p *page) string { return p.Group })
	odd     = state.NewIndex("p/a", func(p *page) string { return p.Name })
)

// The tree and its indexes, against a map that is scanned, over random changes.
func TestDocsAreThoseOfANaiveScan(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 1))
		docs, naive := state.NewDocs(), map[string]page{}
		for range 600 {
			key := []string{"p/", "q/", "p", "p/a"}[r.IntN(4)] + string(rune('a'+r.IntN(3))) + string(rune('a'+r.IntN(4)))
			if r.IntN(3) == 0 {
				docs.Delete(key)
				delete(naive, key)
			} else {
				p := page{Name: fmt.Sprint(r.IntN(5)), Group: []string{"", "x", "y"}[r.IntN(3)], Lines: []line{{Text: key}}}
				if err := docs.Put(key, p); err != nil {
					t.Fatal(err)
				}
				naive[key] = p
			}
			if r.IntN(10) == 0 {
				compare(t, docs, naive)
			}
		}
		compare(t, docs, naive)
	}
}

func compare(t *testing.T, docs *state.Docs, naive map[string]page) {
	t.Helper()
	for _, prefix := range []string{"", "p", "p/", "p/a", "p/ab", "q/", "z"} {
		var keys []string
		var want []page
		for _, k := range slices.Sorted(maps.Keys(naive)) {
			if strings.HasPrefix(k, prefix) {
				keys, want = append(keys, k), append(want, naive[k])
			}
		}
		if got := docs.Keys(prefix); !slices.Equal(got, keys) {
			t.Fatalf("keys of %q: %v, want %v", prefix, got, keys)
		}
		if got, err := state.ListDocs[page](docs, prefix); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("documents of %q: %v, want %v (%v)", prefix, got, want, err)
		}
	}
	scan := func(prefix string, order func(page) string, r state.Range) []page {
		var at []string
		by := map[string]page{}
		for k, p := range naive {
			if o := order(p); o != "" && strings.HasPrefix(k, prefix) && strings.HasPrefix(o, r.Prefix) && (r.Below == "" || o < r.Below) {
				at = append(at, o+"\x00"+k)
				by[o+"\x00"+k] = p
			}
		}
		slices.Sort(at)
		if r.Last {
			slices.Reverse(at)
		}
		var out []page
		for _, k := range at {
			if r.Limit == 0 || len(out) < r.Limit {
				out = append(out, by[k])
			}
		}
		return out
	}
	for _, r := range []state.Range{{}, {Last: true}, {Prefix: "x"}, {Prefix: "x", Last: true, Limit: 2}, {Below: "y", Last: true}, {Below: "3"}, {Below: "3", Last: true, Limit: 1}, {Prefix: "nothing", Last: true}} {
		a, err1 := byGroup.ReadDocs(docs, r)
		b, err2 := odd.ReadDocs(docs, r)
		wantA, wantB := scan("p/", func(p page) string { return p.Group }, r), scan("p/a", func(p page) string { return p.Name }, r)
		if err1 != nil || err2 != nil || !reflect.DeepEqual(a, wantA) || !reflect.DeepEqual(b, wantB) {
			t.Fatalf("%+v: %v and %v, want %v and %v (%v, %v)", r, a, b, wantA, wantB, err1, err2)
		}
	}
}

// What a caller does with a value that it was given changes nothing for the next.
func TestAValueIsTheCallersOwn(t *testing.T) {
	t.Parallel()
	docs := state.NewDocs()
	put := page{
		Name: "n", At: time.Unix(1e9, 7).UTC(), Lines: []line{{"a", []byte{1}}}, Notes: map[string][]int{"k": {1, 2}}, Next: &line{Text: "b"},
		Raw: json.RawMessage(`{"x":1}`), Pair: [2]*line{{Text: "c"}, nil}, Tags: map[string]string{"t": "u"},
	}
	if err := docs.Put("p/a", put); err != nil {
		t.Fatal(err)
	}
	want, err := json.Marshal(put)
	if err != nil {
		t.Fatal(err)
	}
	spoil := func(p page) {
		p.Lines[0].Text, p.Lines[0].N[0], p.Notes["k"][0], p.Next.Text, p.Raw[2], p.Pair[0].Text = "!", 9, 9, "!", '!', "!"
		delete(p.Notes, "k")
		p.Tags["t"] = "!"
	}
	spoil(put)
	for range 3 {
		got := page{Group: "what was in it before goes"}
		if _, err := docs.Get("p/a", &got); err != nil {
			t.Fatal(err)
		}
		all, err := state.ListDocs[page](docs, "p/")
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range append(all, got) {
			if b, err := json.Marshal(p); err != nil || string(b) != string(want) {
				t.Fatalf("%s, want %s (%v)", b, want, err)
			}
			spoil(p)
		}
	}
	var loose map[string]any // of another type, and one that cannot be copied
	if found, err := docs.Get("p/a", &loose); !found || err != nil || loose["name"] != "n" {
		t.Fatal(found, err, loose)
	}
}

// One document that cannot be read fails every read that it may belong to, and no other.
func TestACorruptDocumentIsAnError(t *testing.T) {
	t.Parallel()
	m := &memory{docs: map[string]json.RawMessage{"p/a": []byte(`{"name":"a","group":"x"}`), "p/b": []byte(`{"name":`), "q/a": []byte(`{}`)}, saved: make(chan uint64, 1000)}
	p, stop := openAll(t, t.TempDir(), m)
	defer stop()
	if _, err := state.List[page](p, "p/"); err == nil || !strings.Contains(err.Error(), "document p/b") {
		t.Error(err)
	}
	if got, err := byGroup.Read(p, state.Range{Prefix: "y"}); err == nil || got != nil || !strings.Contains(err.Error(), "p/b") {
		t.Error(got, err)
	}
	kept := page{Name: "kept"}
	if found, err := p.Get("p/b", &kept); !found || err == nil || kept.Name != "kept" {
		t.Error(found, err, kept)
	}
	if got, err := state.List[page](p, "q/"); err != nil || len(got) != 1 {
		t.Error(got, err)
	}
	if _, err := p.Get("p/a", page{}); err == nil {
		t.Error("it was read into a value that nobody sees")
	}
}
