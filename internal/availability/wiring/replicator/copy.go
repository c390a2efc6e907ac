package replicator

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/greenlang/fournines/internal/availability/replica"
	"github.com/greenlang/fournines/internal/driver/s3"
)

// settle copies what a key lacks, until both stores show what they should; false: a client kept it busy.
func (r *Replicator) settle(ctx context.Context, p pair) (agreed bool, err error) {
	for again := range replans {
		if again > 0 {
			if p, err = r.complete(ctx, pair{key: p.key, unread: true}); err != nil {
				return false, err
			}
		}
		copies, conflicts := r.plan(p)
		if len(copies) == 0 {
			return true, nil
		}
		for _, c := range conflicts {
			if err := r.Conflict(ctx, c); err != nil {
				return false, fmt.Errorf("record that a write to %s lost: %w", c.Key, err)
			}
			r.other(c.Region).conflict(c)
		}
		shown, err := r.carry(ctx, p, copies)
		if errors.Is(err, s3.ErrExists) || errors.Is(err, s3.ErrNotFound) { // a client was faster
			continue
		}
		if err == nil {
			agreed, err = r.shows(ctx, p.key, shown)
		}
		if err != nil {
			return false, err
		}
		if agreed {
			for _, c := range copies {
				r.links[c.To].proved(c, r.Now())
			}
			r.noteOwn(p, copies, shown)
			return true, nil
		}
	}
	return false, nil // the next comparison counts it again
}

// shows asks the stores that were written to what clients get now.
func (r *Replicator) shows(ctx context.Context, key string, want map[string]s3.Over) (bool, error) {
	for _, e := range []End{r.A, r.B} {
		w, written := want[e.Region]
		if !written {
			continue
		}
		if ok, err := e.Store.Shows(ctx, key, w.Version); !ok || err != nil {
			return false, err
		}
	}
	return true, nil
}

// other returns the link that leaves a region.
func (r *Replicator) other(region string) *link {
	if region == r.A.Region {
		return r.links[r.B.Region]
	}
	return r.links[r.A.Region]
}

// carry does one key's copies in order, each over what the one before has left. It returns
// what is to be seen in the stores that were written to.
func (r *Replicator) carry(ctx context.Context, p pair, copies []replica.Copy) (shown map[string]s3.Over, err error) {
	over := map[string]s3.Over{r.A.Region: s3.OverLatest(p.a), r.B.Region: s3.OverLatest(p.b)}
	stores := map[string]*s3.Store{r.A.Region: r.A.Store, r.B.Region: r.B.Store}
	shown = map[string]s3.Over{}
	for _, c := range copies {
		r.at("before")
		switch to := stores[c.To]; {
		case c.Mark:
			err = to.Mark(ctx, c.Key, over[c.To])
			over[c.To] = s3.Over{}
		case c.Delete:
			var tomb s3.Over
			if tomb, err = to.Bury(ctx, c.Key, c.Origin, over[c.To]); err == nil {
				r.at("between")
				err = to.Mark(ctx, c.Key, tomb)
			}
			over[c.To] = s3.Over{}
		default:
			over[c.To], err = to.CopyFrom(ctx, stores[c.From], c.Key, c.Source, c.Origin, over[c.To])
		}
		if err != nil {
			return nil, fmt.Errorf("copy %s from %s to %s: %w", c.Key, c.From, c.To, err)
		}
		r.at("after")
		shown[c.To] = over[c.To]
	}
	return shown, nil
}

func (r *Replicator) at(point string) {
	if r.At != nil {
		r.At(point)
	}
}

// each hands pairs to workers, and reports the outcome of every pair that was tried. It leaves out pairs for
// which there is no time.
func each(ctx context.Context, all []pair, within time.Duration, do func(context.Context, pair) (bool, error), came func(p pair, agreed bool, err error)) {
	next, enough := make(chan pair), time.After(within)
	go func() {
		defer close(next)
		for _, p := range all {
			select {
			case next <- p:
				continue
			case <-enough:
			case <-ctx.Done():
			}
			return
		}
	}()
	var mu sync.Mutex // guards came
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for p := range next {
				ok, err := do(ctx, p)
				mu.Lock()
				came(p, ok, err)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
}
