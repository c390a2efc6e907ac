package web

import (
	"context"
	"sync"
	"time"
)

// Gate lets the requests of an address wait while their home moves to another region (row
// 7.1.9): waiting requests are routed again when the gate opens. The zero Gate is open.
type Gate struct {
	mu    sync.Mutex
	open  chan struct{} // closed when the hold ends; nil: nobody holds
	timer *time.Timer
}

// Longest is the longest that a gate stays closed by itself.
const Longest = time.Minute

// Hold closes the gate for at most limit. Closing a closed gate changes nothing.
func (g *Gate) Hold(limit time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.open == nil && limit > 0 {
		g.open = make(chan struct{})
		g.timer = time.AfterFunc(min(limit, Longest), g.Release)
	}
}

// Release opens the gate; an open one stays open.
func (g *Gate) Release() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.open != nil {
		g.timer.Stop()
		close(g.open)
		g.open = nil
	}
}

// Wait returns once the gate is open, or ctx has ended.
func (g *Gate) Wait(ctx context.Context) {
	g.mu.Lock()
	open := g.open
	g.mu.Unlock()
	if open == nil {
		return
	}
	select {
	case <-open:
	case <-ctx.Done():
	}
}
