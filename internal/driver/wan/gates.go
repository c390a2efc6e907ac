package wan

import (
	"context"
	"sync"

	"github.com/greenlang/fournines/internal/fact"
)

// gates are the ways that are cut now. The zero value has all of them open.
type gates struct {
	mu      sync.Mutex // guards what follows
	cut     map[fact.Way]bool
	changed chan struct{} // closed at the next change; nil: nobody waits
}

// set makes these the ways that are cut, and no others.
func (g *gates) set(ways []fact.Way) {
	g.mu.Lock()
	defer g.mu.Unlock()
	next := make(map[fact.Way]bool, len(ways))
	same := true
	for _, w := range ways {
		next[w] = true
		same = same && g.cut[w]
	}
	if same && len(next) == len(g.cut) {
		return
	}
	if g.cut = next; g.changed != nil {
		close(g.changed)
		g.changed = nil
	}
}

// closed tells whether one of the ways is cut.
func (g *gates) closed(ways ...fact.Way) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.anyCut(ways)
}

func (g *gates) anyCut(ways []fact.Way) bool {
	for _, w := range ways {
		if g.cut[w] {
			return true
		}
	}
	return false
}

// await waits until all of the ways are open, and tells whether they are: ctx may end first.
func (g *gates) await(ctx context.Context, ways ...fact.Way) bool {
	for {
		g.mu.Lock()
		if !g.anyCut(ways) {
			g.mu.Unlock()
			return true
		}
		if g.changed == nil {
			g.changed = make(chan struct{})
		}
		changed := g.changed
		g.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return false
		}
	}
}
