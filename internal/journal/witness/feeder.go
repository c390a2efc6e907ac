package witness

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Feeder sends a log's checkpoints to its witnesses.
type Feeder struct {
	o     FeederOptions
	peers []*peer
	set   *collection
	own   *watch // our own log, when it cannot be read

	telling sync.Mutex // keeps alarms one after another

	mu     sync.Mutex
	newest Checkpoint
	news   chan struct{} // closed and replaced with each new checkpoint
}

// Run feeds until ctx ends, and then returns its error. It fails open: nothing that a
// witness does reaches the log.
func (f *Feeder) Run(ctx context.Context) error {
	var all sync.WaitGroup
	for _, p := range f.peers {
		all.Go(func() { f.feed(ctx, p) })
	}
	defer all.Wait()
	tick := time.NewTicker(f.o.Interval)
	defer tick.Stop()
	for {
		f.look(ctx)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// look asks the log for its checkpoint and hands it to the peers when it has changed.
func (f *Feeder) look(ctx context.Context) {
	c, err := f.checkpoint(ctx)
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		return
	}
	f.tell(f.own.observe(Stuck, err, f.o.Now()))
	if err != nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if c.Text == f.newest.Text {
		return
	}
	f.newest = c
	f.set.begin(c)
	close(f.news)
	f.news = make(chan struct{})
}

func (f *Feeder) checkpoint(ctx context.Context) (Checkpoint, error) {
	ctx, cancel := context.WithTimeout(ctx, f.o.Timeout)
	defer cancel()
	b, err := f.o.Log.Checkpoint(ctx)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("read our own checkpoint: %w", err)
	}
	c, err := f.o.Keys.Open(b)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("our own checkpoint: %w", err)
	}
	return c, nil
}

// next waits for a checkpoint other than text.
func (f *Feeder) next(ctx context.Context, text string) (Checkpoint, bool) {
	for {
		f.mu.Lock()
		c, news := f.newest, f.news
		f.mu.Unlock()
		if c.Text != text {
			return c, true
		}
		select {
		case <-news:
		case <-ctx.Done():
			return Checkpoint{}, false
		}
	}
}

func (f *Feeder) tell(a *Alarm) {
	if a == nil || f.o.Alarm == nil {
		return
	}
	f.telling.Lock()
	defer f.telling.Unlock()
	f.o.Alarm(*a)
}
