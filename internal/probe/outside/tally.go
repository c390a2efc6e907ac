package outside

import (
	"slices"
	"sync"

	"github.com/greenlang/fournines/internal/fact"
)

// Kept is how many finished seconds wait for a server that is away; older ones are unknown
// for ever.
const Kept = 600

// Tally holds what was seen, second by second, until it is acknowledged. It is safe for
// concurrent use. Its seconds grow: what a clock that goes back repeats is left out.
type Tally struct {
	mu     sync.Mutex // guards what follows
	open   []*second  // the oldest first
	done   []fact.OutsideSecond
	newest uint64
}

type second struct {
	fact.OutsideSecond
	missing int
}

// Begin opens a second in which n homes are asked; false when it was begun already.
func (t *Tally) Begin(seq uint64, n int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if seq <= t.newest || n == 0 {
		return false
	}
	t.newest = seq
	t.open = append(t.open, &second{OutsideSecond: fact.OutsideSecond{Seq: seq, Homes: []fact.OutsideHome{}}, missing: n})
	return true
}

// Add takes one outcome of a second that was begun. A second is finished when all are
// there, and no second before one that is still open: readers see them in order.
func (t *Tally) Add(seq uint64, h fact.OutsideHome) {
	t.mu.Lock()
	defer t.mu.Unlock()
	i := slices.IndexFunc(t.open, func(s *second) bool { return s.Seq == seq })
	if i < 0 {
		return
	}
	t.open[i].Homes = append(t.open[i].Homes, h)
	t.open[i].missing--
	for len(t.open) > 0 && t.open[0].missing == 0 {
		t.done = append(t.done, t.open[0].OutsideSecond)
		t.open = t.open[1:]
	}
	t.done = t.done[max(0, len(t.done)-Kept):]
}

// Since forgets the finished seconds up to seq, which are in the journal, and returns the
// rest, the oldest first.
func (t *Tally) Since(seq uint64) []fact.OutsideSecond {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.done = slices.DeleteFunc(t.done, func(s fact.OutsideSecond) bool { return s.Seq <= seq })
	return slices.Clone(t.done)
}
