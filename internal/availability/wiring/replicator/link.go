package replicator

import (
	"slices"
	"sync"
	"time"

	"github.com/greenlang/fournines/internal/availability/replica"
	"github.com/greenlang/fournines/internal/fact"
)

// known is what versions are copies of, by region and version id. Versions never change.
type known map[string]map[string]fact.ObjectVersion

func newKnown(regions ...string) known {
	k := known{}
	for _, r := range regions {
		k[r] = map[string]fact.ObjectVersion{}
	}
	return k
}

func (k known) keep(region string, h fact.ObjectHistory) {
	for _, v := range h.Versions {
		k[region][v.ID] = v
	}
}

// count is what one side lacks.
type count struct {
	objects, bytes int64
	oldest         time.Time // of them, when it was written; zero: none
}

func (n *count) add(c replica.Copy) {
	n.objects++
	n.bytes += c.Size
	if at := c.Origin.Time.Time(); n.oldest.IsZero() || at.Before(n.oldest) {
		n.oldest = at
	}
}

// link is what is known of one direction. It may be used by many goroutines.
type link struct {
	mu     sync.Mutex // guards what follows
	now    fact.ObjectMirror
	losers map[string]bool
}

func newLink(from, to string) *link {
	return &link{now: fact.ObjectMirror{From: from, To: to}, losers: map[string]bool{}}
}

func (l *link) fact() fact.ObjectMirror {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.now
}

func (l *link) failed(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now.Error = err.Error()
}

// looked takes what a look that began then has found to be missing; whole: there was nothing that it could not see.
func (l *link) looked(begun time.Time, n count, whole bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.now.At.IsZero() {
		l.now.Cycle = begun.Sub(l.now.At)
	}
	l.now.At, l.now.Error, l.now.Objects, l.now.Bytes = begun, "", n.objects, n.bytes
	if !whole {
		return
	}
	if l.now.Whole = begun; n.objects > 0 && n.oldest.Before(begun) {
		l.now.Whole = n.oldest
	}
}

// stuck names what cannot be copied, the oldest first.
func (l *link) stuck(all []fact.ObjectStuck) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now.StuckCount = int64(len(all))
	l.now.Stuck = slices.Clone(all[:min(len(all), fact.ObjectsNamed)])
}

// because says why everything must be compared; empty: it need not.
func (l *link) because(why string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now.Why = why
}

// scrubbed takes the end of a comparison that began then; whole: nothing else tells what is missing.
func (l *link) scrubbed(begun time.Time, why string, whole bool) {
	l.mu.Lock()
	l.now.Scrubbed, l.now.Why = begun, why
	l.mu.Unlock()
	if whole {
		l.whole(begun)
	}
}

// drifted counts what only a comparison has found.
func (l *link) drifted() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now.Drift++
}

// whole says that nothing that was written before then is missing.
func (l *link) whole(begun time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now.Whole, l.now.Objects, l.now.Bytes = begun, 0, 0
}

// proved counts a copy that was read back.
func (l *link) proved(c replica.Copy, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	written := c.Origin.Time.Time()
	l.now.Copied++
	l.now.Sent += c.Size
	if !written.Before(l.now.Newest) {
		l.now.Newest, l.now.Took = written, max(0, now.Sub(written))
	}
	if l.now.Objects > 0 {
		l.now.Objects, l.now.Bytes = l.now.Objects-1, max(0, l.now.Bytes-c.Size)
	}
}

// conflict counts a loser once.
func (l *link) conflict(c replica.Conflict) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if name := c.Key + "/" + c.Loser.String(); !l.losers[name] {
		l.losers[name] = true
		l.now.Conflicts++
	}
}
