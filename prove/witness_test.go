//go:build prove

package prove

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/platformtest"
)

// witness asks every member, directly and never through the edge, to commit a write,
// and keeps each acknowledgement with the timeline it was given on.
type witness struct {
	password string

	mu   sync.Mutex // guards acks
	acks []Ack

	stop context.CancelFunc
	wg   sync.WaitGroup
}

// The rhythm of a witness, for each member.
const (
	askEvery = 50 * time.Millisecond
	askLimit = time.Second // a member that is frozen answers nothing
)

func (r *region) witness(ctx context.Context) *witness {
	w := &witness{password: r.secrets.Probe}
	ctx, w.stop = context.WithCancel(ctx)
	for _, z := range r.zones() {
		address := r.layout.Address(platformtest.Region, z, place.Postgres)
		w.wg.Go(func() { w.watch(ctx, z, address) })
	}
	return w
}

func (w *witness) watch(ctx context.Context, member, address string) {
	t := time.NewTicker(askEvery)
	defer t.Stop()
	for {
		begun := time.Now()
		short, cancel := context.WithTimeout(ctx, askLimit)
		timeline, err := ask(short, w.password, address, "witness-"+member)
		cancel()
		if err == nil {
			w.mu.Lock()
			w.acks = append(w.acks, Ack{member, timeline, begun, time.Now()})
			w.mu.Unlock()
		}
		select {
		case <-t.C:
		case <-ctx.Done():
			return
		}
	}
}

// end stops asking and returns every acknowledgement.
func (w *witness) end() []Ack {
	w.stop()
	w.wg.Wait()
	return w.acks
}

// begun waits until a write is acknowledged, so that a newer timeline can be told from it.
func (w *witness) begun(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	_, err := await(ctx, func() (struct{}, error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		if len(w.acks) == 0 {
			return struct{}{}, errors.New("no member takes a direct write")
		}
		return struct{}{}, nil
	})
	return err
}

// newer tells whether anybody has acknowledged a write on a newer timeline than the first seen.
func (w *witness) newer() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return Timelines(w.acks) > 1
}
