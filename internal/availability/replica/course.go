package replica

import (
	"fmt"
	"slices"
	"time"
)

// Feed is what one side's change feed said when it was read, without the changes.
type Feed struct {
	Region string
	Kept   bool   // its endpoint keeps change feeds
	ID     string // empty: nobody has begun it
	First  uint64 // oldest change that it still has
	Next   uint64 // number of the next one
	Safe   uint64 // every change up to here has ended
	Slot   Slot
}

// Slot is up to where a side's changes were copied for good, and what it held for then.
type Slot struct {
	Position uint64 `json:"-"`
	Partner  string `json:"partner"` // ID of the other side's feed; empty: nothing was proved
	Seen     uint64 `json:"seen"`    // number of that feed's next change then: with less, that store has gone back in time
}

// Course is the position of both feeds, and whether every key that they do not name is
// known to be equal.
type Course struct {
	A, B  Cursor
	Based bool   // everything was compared, or a slot vouches for it
	Why   string // why everything must be compared; empty: Based
	Turn  int    // counts how often that was found
}

// Cursor is a position in one feed.
type Cursor struct {
	ID       string
	Position uint64
}

// Fed tells whether changes are read from feeds.
func (c Course) Fed() bool { return c.A.ID != "" }

// Unread tells where a feed is to be read from; nil: from its slot.
func (c Cursor) Unread() *uint64 {
	if c.ID == "" {
		return nil
	}
	return &c.Position
}

// On returns the course after both feeds were read. It is kept while they go on without a gap; at
// first the slots are taken for it. Otherwise everything must be compared, with what changes meanwhile read from now on.
func (c Course) On(a, b Feed) Course {
	var why string
	switch {
	case !a.Kept || !b.Kept:
		next := Course{Why: either(a, b).Region + "'s store keeps no change feed", Turn: c.Turn}
		if next.Why != c.Why {
			next.Turn++
		}
		return next
	case !c.Fed():
		if why = resume(a, b); why == "" {
			why = resume(b, a)
		}
		if why == "" {
			return Course{A: Cursor{a.ID, a.Slot.Position}, B: Cursor{b.ID, b.Slot.Position}, Based: true, Turn: c.Turn}
		}
	default:
		if why = c.A.gap(a); why == "" {
			why = c.B.gap(b)
		}
		if why == "" {
			return c
		}
	}
	return Course{A: Cursor{a.ID, a.Safe}, B: Cursor{b.ID, b.Safe}, Why: why, Turn: c.Turn + 1}
}

// either returns the side that keeps no feed.
func either(a, b Feed) Feed {
	if a.Kept {
		return b
	}
	return a
}

// resume says why a feed's slot does not tell that the other side has all that it names.
func resume(f, other Feed) string {
	switch {
	case f.Slot.Partner == "":
		return f.Region + "'s change feed was never read to its end"
	case f.Slot.Partner != other.ID:
		return fmt.Sprintf("%s's change feed was read for another store than %s has now", f.Region, other.Region)
	case f.Slot.Seen > other.Next:
		return fmt.Sprintf("%s's store has gone back: its change feed ends at %d and had %d", other.Region, other.Next, f.Slot.Seen)
	}
	return ""
}

// gap says why a feed does not go on where it was read to.
func (c Cursor) gap(f Feed) string {
	switch {
	case c.ID != f.ID:
		return f.Region + "'s change feed is another: the store was lost, or the feed was damaged or too long"
	case c.Position+1 < f.First:
		return fmt.Sprintf("%s's change feed begins at %d and was read to %d", f.Region, f.First, c.Position)
	case c.Position >= f.Next:
		return fmt.Sprintf("%s's change feed ends at %d and was read to %d", f.Region, f.Next-1, c.Position)
	}
	return ""
}

// Compared returns the course after a comparison that had begun on a turn found nothing that is missing any more.
func (c Course) Compared(turn int) Course {
	if turn == c.Turn && c.Fed() {
		c.Based, c.Why = true, ""
	}
	return c
}

// Compare tells whether to compare everything now, given the end and duration of the last comparison. Where
// nothing else shows what is missing, it compares at once and rests for as long as the last comparison took;
// otherwise it compares regularly, with a small share of the time.
func (c Course) Compare(ended, now time.Time, took, every time.Duration) bool {
	const share = 20 // times what it takes is rested
	switch rested := now.Sub(ended); {
	case c.Turn == 0 && !c.Based: // nobody has looked yet
		return false
	case !c.Based:
		return rested >= took
	default:
		return rested >= max(every, share*took)
	}
}

// Drift returns the copies that a comparison found missing, that no feed has named since, and that are
// still missing: a feed has lost them, or a client wrote past the feeds.
func Drift(found, still []Copy) []Copy {
	var out []Copy
	for _, c := range still {
		if slices.ContainsFunc(found, func(o Copy) bool { return o.To == c.To && o.Origin.Is(c.Origin) }) {
			out = append(out, c)
		}
	}
	return out
}
