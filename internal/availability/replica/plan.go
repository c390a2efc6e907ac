// Package replica decides what must be copied so that two regions' buckets agree about a key
// (row 7.1.7). It is pure: it computes the copies from the histories of both sides and
// remembers nothing else, so a restarted server resumes from the buckets alone.
//
// Every write has an origin: the region where a client made it, the version that it got
// there, and a hybrid logical time. A copy carries its origin, so it is never copied back and
// never twice. A write that a client made on top of another is later than that one, even if
// the clocks disagree. The latest write wins in both regions; where two regions wrote without
// knowing of each other, the loser stays as an older version where it was written, and is
// told of.
//
// A copied deletion is a tombstone, an empty version that carries the origin, and the delete
// marker after it, which can carry nothing.
//
// Deleting a version for good is not copied: the other region keeps its copy, and a current
// version comes back. Delete the object first, then its versions in both regions.
package replica

import (
	"slices"

	"github.com/greenlang/fournines/internal/fact"
)

// Side is one region's history of a key.
type Side struct {
	Region string
	fact.ObjectHistory
}

// Copy is one thing to do in region To, in the order of the plan.
type Copy struct {
	Key    string
	From   string // region to read from; To itself where a version that lost came in late and covers the winner
	To     string
	Source string // version to read in From; of deletions empty
	Size   int64  // bytes
	Origin fact.Origin
	Delete bool // put a tombstone, and the delete marker after it
	Mark   bool // the tombstone is there, its delete marker is missing
}

// Conflict is a write that lost without the winner's region having known of it.
type Conflict struct {
	Key    string
	Region string // where the loser stays as an older version
	Loser  fact.Origin
	Winner fact.Origin
	Delete bool // the loser is a deletion
}

// Settled tells whether two sides agree without a look at their origins: one version each,
// with the same bytes and, as far as it is told, the same metadata.
func Settled(a, b fact.ObjectHistory) bool {
	if len(a.Versions) != 1 || len(b.Versions) != 1 {
		return false
	}
	x, y := a.Versions[0], b.Versions[0]
	return !x.Marker && !y.Marker && x.ETag != "" && x.ETag == y.ETag && x.Size == y.Size && (x.Print == y.Print || x.Print == "" || y.Print == "")
}

// Plan returns the copies that both sides need, and the writes that lose.
func Plan(a, b Side) (copies []Copy, conflicts []Conflict) {
	if Settled(a.ObjectHistory, b.ObjectHistory) {
		return nil, nil
	}
	x, y := course(a), course(b)
	winner, ok := latest(slices.Concat(x, y))
	if !ok {
		return nil, nil
	}
	for _, w := range []struct {
		from, to     Side
		theirs, ours []write
	}{{a, b, x, y}, {b, a, y, x}} {
		copies = append(copies, lacks(w.from, w.to, w.theirs, w.ours, winner)...)
		if lost, ok := latest(w.ours); ok && !lost.Is(winner.Origin) && lost.Region == w.to.Region && find(w.theirs, lost.Origin) < 0 {
			conflicts = append(conflicts, Conflict{Key: w.to.Key, Region: w.to.Region, Loser: lost.Origin, Winner: winner.Origin, Delete: lost.deletes})
		}
	}
	return copies, conflicts
}

// lacks returns the copies that one side needs of the other: every write later than all of its own,
// in order. Where it has the winner and something else came in after it, the winner is put there
// once more.
func lacks(from, to Side, theirs, ours []write, winner write) []Copy {
	if i := find(ours, winner.Origin); i >= 0 {
		w := ours[i]
		switch c := (Copy{Key: to.Key, From: to.Region, To: to.Region, Source: w.version, Size: w.size, Origin: w.Origin, Delete: w.deletes}); {
		case i < len(ours)-1:
			return []Copy{c}
		case w.half:
			c.Delete, c.Mark = false, true
			return []Copy{c}
		}
		return nil
	}
	newest, _ := latest(ours)
	var out []Copy
	for i, w := range theirs {
		if find(ours, w.Origin) >= 0 || (len(ours) > 0 && w.Compare(newest.Origin) < 0) || find(theirs, w.Origin) != i {
			continue
		}
		out = append(out, Copy{Key: from.Key, From: from.Region, To: to.Region, Source: w.version, Size: w.size, Origin: w.Origin, Delete: w.deletes})
	}
	slices.SortStableFunc(out, func(a, b Copy) int { return a.Origin.Compare(b.Origin) })
	return out
}

// write is a put or a deletion as one side's history shows it.
type write struct {
	fact.Origin
	version string // that holds it there; of deletions empty
	size    int64
	deletes bool
	half    bool // a tombstone without its delete marker
}

// course reads a history. A write that a client made there is later than everything that was
// there before it.
func course(s Side) []write {
	var out []write
	var seen fact.Clock
	for i := 0; i < len(s.Versions); i++ {
		v := s.Versions[i]
		w := write{Origin: v.Origin, version: v.ID, size: v.Size}
		switch {
		case v.Tombstone:
			w.version, w.deletes = "", true
			if w.half = i+1 == len(s.Versions) || !s.Versions[i+1].Marker; !w.half {
				i++
			}
		case v.Origin == (fact.Origin{}):
			w.Origin = fact.Origin{Region: s.Region, Version: v.ID, Time: seen.Next(v.Written)}
			if v.Marker {
				w.version, w.deletes = "", true
			}
		}
		if w.Time.Compare(seen) > 0 {
			seen = w.Time
		}
		out = append(out, w)
	}
	return out
}

func latest(all []write) (write, bool) {
	if len(all) == 0 {
		return write{}, false
	}
	return slices.MaxFunc(all, func(a, b write) int { return a.Compare(b.Origin) }), true
}

// find returns the place of a write, the newest one where it was put again; -1: it is not there.
func find(all []write, o fact.Origin) int {
	for i, w := range slices.Backward(all) {
		if w.Is(o) {
			return i
		}
	}
	return -1
}
