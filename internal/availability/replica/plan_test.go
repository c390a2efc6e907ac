package replica

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/fact"
)

// world is two buckets with one key, clients of both, and a replicator that may die between
// any two of its steps and whose puts may land late.
type world struct {
	t     *testing.T
	rand  *rand.Rand
	now   int64
	skew  map[string]int64
	sides map[string]*Side
	count int
	// what clients did
	parents   map[string]fact.Origin // native version → what was current when it was written
	conflicts map[string]Conflict    // by loser's version
	late      []func()
	heeds     bool // puts are conditional: what was not foreseen is not covered
}

func newWorld(t *testing.T, seed uint64) *world {
	w := &world{
		t: t, rand: rand.New(rand.NewPCG(seed, 1)), now: 1_000_000, skew: map[string]int64{}, parents: map[string]fact.Origin{},
		sides: map[string]*Side{"a": {Region: "a"}, "b": {Region: "b"}}, conflicts: map[string]Conflict{},
	}
	w.heeds = seed%2 == 0
	w.skew["b"] = w.rand.Int64N(20_000) - 10_000
	return w
}

func (w *world) add(region string, v fact.ObjectVersion) {
	w.count++
	w.now += w.rand.Int64N(3)
	v.ID, v.Written = fmt.Sprintf("%s%05d", region, w.count), time.UnixMilli(w.now+w.skew[region])
	s := w.sides[region]
	s.Versions = append(s.Versions, v)
}

func (w *world) client(region string) {
	s := w.sides[region]
	current := fact.Origin{}
	if c := course(*s); len(c) > 0 {
		current = c[len(c)-1].Origin
	}
	if len(s.Versions) > 0 && w.rand.IntN(4) == 0 {
		w.add(region, fact.ObjectVersion{Marker: true})
	} else {
		w.add(region, fact.ObjectVersion{ETag: fmt.Sprint("e", w.count), Size: 1})
	}
	w.parents[s.Latest().ID] = current
}

// do carries one copy out, in as many steps as it has; cut ends it before the last.
func (w *world) do(c Copy, cut bool) {
	switch {
	case c.Mark:
		if s := w.sides[c.To]; s.Latest().Tombstone { // a put with a condition
			w.add(c.To, fact.ObjectVersion{Marker: true})
		}
	case c.Delete:
		w.add(c.To, fact.ObjectVersion{Tombstone: true, Origin: c.Origin, ETag: "empty"})
		if !cut {
			w.add(c.To, fact.ObjectVersion{Marker: true})
		}
	default:
		etag := ""
		for _, v := range w.sides[c.From].Versions {
			if v.ID == c.Source {
				etag = v.ETag
			}
		}
		if etag == "" {
			w.t.Fatalf("%+v: its source is not in %+v", c, w.sides[c.From])
		}
		w.add(c.To, fact.ObjectVersion{Origin: c.Origin, ETag: etag, Size: 1})
	}
}

func (w *world) replicate() (busy bool) {
	copies, conflicts := Plan(*w.sides["a"], *w.sides["b"])
	for _, c := range conflicts {
		w.conflicts[c.Loser.Version] = c
	}
	for _, c := range copies {
		switch w.rand.IntN(8) {
		case 0: // killed before it
			return true
		case 1: // killed within it
			w.do(c, true)
			return true
		case 2: // it lands later, perhaps over something newer
			if over := w.sides[c.To].Latest().ID; !c.Delete && !c.Mark {
				w.late = append(w.late, func() {
					if !w.heeds || w.sides[c.To].Latest().ID == over {
						w.do(c, false)
					}
				})
				return true
			}
		}
		w.do(c, false)
	}
	return len(copies) > 0
}

func (w *world) settle() {
	for range 200 {
		if !w.replicate() {
			return
		}
	}
	w.t.Fatalf("the two sides never agree:\n%+v\n%+v", w.sides["a"], w.sides["b"])
}

func TestBothSidesAgreeAndNothingVanishesUntold(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4000) {
		w := newWorld(t, seed)
		for range 5 + w.rand.IntN(25) {
			switch n := w.rand.IntN(6); {
			case n < 2:
				w.client("a")
			case n < 3:
				w.client("b")
			case n < 4 && len(w.late) > 0:
				i := w.rand.IntN(len(w.late))
				w.late[i]()
				w.late = append(w.late[:i], w.late[i+1:]...)
			default:
				w.replicate()
			}
		}
		for _, f := range w.late {
			f()
		}
		w.settle()
		w.check(seed)
		if t.Failed() {
			return
		}
	}
}

func (w *world) check(seed uint64) {
	a, b := course(*w.sides["a"]), course(*w.sides["b"])
	if len(a)+len(b) == 0 {
		return
	}
	x, y := a[len(a)-1], b[len(b)-1]
	if w.sides["a"].Latest().ETag != w.sides["b"].Latest().ETag || x.deletes != y.deletes {
		w.t.Errorf("seed %d: %+v and %+v are current", seed, x, y)
		return
	}
	for native, parent := range w.parents {
		if parent.Is(x.Origin) && x.Version != native {
			w.t.Errorf("seed %d: %s wins, and %s was written on top of it", seed, x.Version, native)
		}
	}
	for _, side := range [][2][]write{{a, b}, {b, a}} {
		for _, v := range side[0] {
			if _, native := w.parents[v.Version]; native && w.heeds && !w.accounted(v.Origin, side[0], side[1]) {
				w.t.Errorf("seed %d: %+v never came to the other side, and nobody was told:\n%+v\n%+v\n%+v", seed, v, a, b, w.conflicts)
			}
		}
	}
}

// accounted tells whether a write came to the other side, or was told of as a loser, or a client
// replaced it in its own region by one of which that is true.
func (w *world) accounted(o fact.Origin, ours, theirs []write) bool {
	if _, told := w.conflicts[o.Version]; told || find(theirs, o) >= 0 {
		return true
	}
	for _, child := range ours {
		if parent, native := w.parents[child.Version]; native && parent.Is(o) && w.accounted(child.Origin, ours, theirs) {
			return true
		}
	}
	return false
}

func TestNothingIsCopiedTwice(t *testing.T) {
	t.Parallel()
	for seed := range uint64(500) {
		w := newWorld(t, seed)
		for range 12 {
			w.client([]string{"a", "b"}[w.rand.IntN(2)])
			copies, _ := Plan(*w.sides["a"], *w.sides["b"])
			for _, c := range copies {
				w.do(c, false)
			}
			if again, conflicts := Plan(*w.sides["a"], *w.sides["b"]); len(again)+len(conflicts) > 0 {
				t.Fatalf("seed %d: after %+v there are still %+v and %+v", seed, copies, again, conflicts)
			}
		}
		for _, s := range w.sides {
			seen := map[string]bool{}
			for _, x := range course(*s) {
				if seen[x.Region+x.Version] {
					t.Fatalf("seed %d: %+v is twice in %+v", seed, x, s)
				}
				seen[x.Region+x.Version] = true
			}
		}
	}
}

func native(id string, ms int64) fact.ObjectVersion {
	return fact.ObjectVersion{ID: id, ETag: id, Size: 1, Written: time.UnixMilli(ms)}
}

func side(region string, v ...fact.ObjectVersion) Side {
	return Side{Region: region, ObjectHistory: fact.ObjectHistory{Key: "k", Versions: v}}
}

func TestThePlan(t *testing.T) {
	t.Parallel()
	copied := func(v fact.ObjectVersion, region string) fact.ObjectVersion {
		v.Origin = fact.Origin{Region: region, Version: v.ID, Time: fact.Clock{Wall: v.Written.UnixMilli()}}
		v.ID += "'"
		return v
	}
	marker := fact.ObjectVersion{ID: "m", Marker: true, Written: time.UnixMilli(50)}
	tomb := fact.ObjectVersion{ID: "t", Tombstone: true, Written: time.UnixMilli(60), Origin: fact.Origin{Region: "a", Version: "m", Time: fact.Clock{Wall: 50}}}
	one, two := native("1", 10), native("2", 20)
	for _, c := range []struct {
		name string
		a, b Side
		want string
	}{
		{"nothing", side("a"), side("b"), ""},
		{"in order", side("a", one, two), side("b"), "a>b 1; a>b 2; "},
		{"what is there is not sent back", side("a", one, two), side("b", copied(one, "a")), "a>b 2; "},
		{"the same bytes on both sides", side("a", one), side("b", copied(one, "a")), ""},
		{"a deletion", side("a", one, marker), side("b", copied(one, "a")), "a>b delete; "},
		{"half a deletion", side("a", one, marker), side("b", copied(one, "a"), tomb), "b>b mark; "},
		{"a whole deletion", side("a", one, marker), side("b", copied(one, "a"), tomb, marker), ""},
		{"a late copy covers the winner", side("a", one, two), side("b", copied(one, "a"), copied(two, "a"), copied(one, "a")), "b>b 2'; "},
		{"a conflict", side("a", one, native("3", 30)), side("b", copied(one, "a"), native("4", 25)), "a>b 3; b loses 4; "},
		{"a lost bucket is filled again", side("a"), side("b", copied(one, "a"), copied(two, "a")), "b>a 1'; b>a 2'; "},
	} {
		got := ""
		copies, conflicts := Plan(c.a, c.b)
		for _, x := range copies {
			what := x.Source
			if x.Delete {
				what = "delete"
			}
			if x.Mark {
				what = "mark"
			}
			got += x.From + ">" + x.To + " " + what + "; "
		}
		for _, x := range conflicts {
			got += x.Region + " loses " + x.Loser.Version + "; "
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
