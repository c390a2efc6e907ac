// Package replicator keeps two regions' buckets equal, in both directions at once (row
// 7.1.7): it compares them, plans with package replica, copies, and reads back what came of it.
//
// It remembers nothing but what it can read again, so it may be killed at any moment: the two
// buckets say what is missing. What it copies replaces only what it has seen; if a client was
// faster, the key is planned anew. A key counts as copied only once the other store was asked
// what clients get there now: neither an answer nor a late request that lands can leave an
// old version on top.
package replicator

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/greenlang/fournines/internal/availability/replica"
	"github.com/greenlang/fournines/internal/driver/s3"
	"github.com/greenlang/fournines/internal/fact"
)

// End is one region's bucket.
type End struct {
	Region string
	Store  *s3.Store
}

// Replicator works on one pair of regions.
type Replicator struct {
	A, B     End
	Every    time.Duration                                 // between two comparisons, at least
	Report   func(fact.ObjectMirror)                       // of either direction, when something is known anew
	Conflict func(context.Context, replica.Conflict) error // makes it durable before the loser is covered; it may be told of one twice
	Now      func() time.Time
	At       func(point string) // called around each effect; nil but in tests

	links map[string]*link // by the region that they go to
	known known
}

const (
	workers    = 8    // keys at once
	batch      = 4096 // keys that one comparison may hand over
	replans    = 4    // of a key that a client is writing to, before the others go first
	reportGap  = 250 * time.Millisecond
	shareOfNap = 1               // times what a comparison takes is rested after it: more would keep a move waiting
	copyFor    = 5 * time.Second // before the buckets are compared anew, or three times what that took
)

// Run compares and copies until ctx ends. What fails is in the reports, and tried again.
func (r *Replicator) Run(ctx context.Context) {
	for ctx.Err() == nil {
		begun := time.Now()
		pending, err := r.Pass(ctx)
		nap := max(r.Every, shareOfNap*time.Since(begun))
		if err == nil && pending > 0 { // clients are at work
			nap = r.Every / 4
		}
		select {
		case <-ctx.Done():
		case <-time.After(min(nap, time.Minute)):
		}
	}
}

// Pass compares both buckets once and copies what is missing. It returns how many keys were
// found behind.
func (r *Replicator) Pass(ctx context.Context) (pending int, err error) {
	r.begin()
	begun := r.Now()
	keys, err := r.compare(ctx, begun)
	if err != nil {
		r.fail(ctx, err)
		return 0, err
	}
	r.report()
	if len(keys) == 0 {
		return 0, nil
	}
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		t := time.NewTicker(reportGap)
		defer t.Stop()
		for {
			select {
			case <-done:
				return
			case <-t.C:
				r.report()
			}
		}
	})
	agreed, err := each(ctx, keys, max(copyFor, 3*r.Now().Sub(begun)), r.settle)
	close(done)
	wg.Wait()
	if err != nil {
		r.fail(ctx, err)
		return len(keys), err
	}
	if agreed && len(keys) < batch {
		for _, l := range r.links {
			l.whole(begun)
		}
	}
	r.report()
	return len(keys), nil
}

func (r *Replicator) begin() {
	if r.links == nil {
		r.links = map[string]*link{r.A.Region: newLink(r.B.Region, r.A.Region), r.B.Region: newLink(r.A.Region, r.B.Region)}
	}
}

func (r *Replicator) report() {
	for _, l := range r.links {
		r.Report(l.fact())
	}
}

func (r *Replicator) fail(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	for _, l := range r.links {
		l.failed(err)
	}
	r.report()
}

// pair is one key on both sides.
type pair struct {
	key  string
	a, b fact.ObjectHistory
}

// compare reads both buckets and plans every key. It returns the keys that lack something.
func (r *Replicator) compare(ctx context.Context, begun time.Time) ([]pair, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	found := make(chan pair)
	var listed error
	go func() {
		defer close(found)
		listed = r.walk(ctx, found)
	}()
	var mu sync.Mutex // guards what follows
	var keys []pair
	var errs []error
	next := newKnown(r.A.Region, r.B.Region)
	counts := map[string]*count{r.A.Region: {}, r.B.Region: {}}
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for p := range found {
				full, err := r.originsOf(ctx, p)
				mu.Lock()
				if err != nil {
					errs = append(errs, err)
					cancel()
					mu.Unlock()
					continue
				}
				next.keep(r.A.Region, full.a)
				next.keep(r.B.Region, full.b)
				copies, _ := r.plan(full)
				for _, c := range copies {
					counts[c.To].add(c)
				}
				if len(copies) > 0 && len(keys) < batch {
					keys = append(keys, full)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if len(errs) > 0 {
		return nil, errs[0]
	}
	if listed != nil {
		return nil, listed
	}
	r.known = next
	for to, l := range r.links {
		l.compared(begun, *counts[to])
	}
	return keys, nil
}

// walk goes through both buckets in order of their keys and hands over what is not settled.
func (r *Replicator) walk(ctx context.Context, found chan<- pair) error {
	nextA, stopA := iter.Pull2(r.A.Store.Histories(ctx, ""))
	defer stopA()
	nextB, stopB := iter.Pull2(r.B.Store.Histories(ctx, ""))
	defer stopB()
	a, errA, okA := nextA()
	b, errB, okB := nextB()
	for okA || okB {
		if err := errors.Join(errA, errB); err != nil {
			return err
		}
		var p pair
		switch {
		case okA && (!okB || a.Key < b.Key):
			p = pair{key: a.Key, a: a}
			a, errA, okA = nextA()
		case okB && (!okA || b.Key < a.Key):
			p = pair{key: b.Key, b: b}
			b, errB, okB = nextB()
		default:
			p = pair{a.Key, a, b}
			a, errA, okA = nextA()
			b, errB, okB = nextB()
		}
		p.a.Key, p.b.Key = p.key, p.key
		if replica.Settled(p.a, p.b) {
			continue
		}
		select {
		case found <- p:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return errors.Join(errA, errB)
}

func (r *Replicator) plan(p pair) ([]replica.Copy, []replica.Conflict) {
	return replica.Plan(replica.Side{Region: r.A.Region, ObjectHistory: p.a}, replica.Side{Region: r.B.Region, ObjectHistory: p.b})
}

// originsOf asks what the versions are copies of, as far as it is not known. A version that
// is gone meanwhile has changed the key: it is read again.
func (r *Replicator) originsOf(ctx context.Context, p pair) (pair, error) {
	for again := 0; ; again++ {
		a, err1 := r.origins(ctx, r.A, p.a)
		b, err2 := r.origins(ctx, r.B, p.b)
		err := errors.Join(err1, err2)
		if err == nil || !errors.Is(err, s3.ErrNotFound) || again == replans {
			return pair{p.key, a, b}, err
		}
		if p, err = r.read(ctx, p.key); err != nil {
			return p, err
		}
	}
}

func (r *Replicator) origins(ctx context.Context, of End, h fact.ObjectHistory) (fact.ObjectHistory, error) {
	out := fact.ObjectHistory{Key: h.Key, Versions: make([]fact.ObjectVersion, len(h.Versions))}
	for i, v := range h.Versions {
		if k, ok := r.known[of.Region][v.ID]; ok && v.ID != "null" { // a null version may be replaced by another
			v.Origin, v.Tombstone = k.Origin, k.Tombstone
		} else {
			var err error
			if v, err = of.Store.Origin(ctx, h.Key, v); err != nil {
				return out, err
			}
		}
		out.Versions[i] = v
	}
	return out, nil
}

func (r *Replicator) read(ctx context.Context, key string) (pair, error) {
	a, err1 := r.A.Store.History(ctx, key)
	b, err2 := r.B.Store.History(ctx, key)
	return pair{key, a, b}, errors.Join(err1, err2)
}

// settle copies what a key lacks, until both stores show what they should; false: a client kept it busy.
func (r *Replicator) settle(ctx context.Context, p pair) (agreed bool, err error) {
	for again := range replans {
		if again > 0 {
			if p, err = r.read(ctx, p.key); err == nil {
				p, err = r.originsOf(ctx, p)
			}
			if err != nil {
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

// each hands pairs to workers. It tells whether all of them agreed, and the first error; the
// others are finished all the same.
// What there is no time for is left.
func each(ctx context.Context, all []pair, within time.Duration, do func(context.Context, pair) (bool, error)) (agreed bool, err error) {
	feed, enough := make(chan pair), time.After(within)
	agreed = true
	var mu sync.Mutex // guards what is returned
	go func() {
		defer close(feed)
		for _, p := range all {
			select {
			case feed <- p:
				continue
			case <-enough:
			case <-ctx.Done():
			}
			mu.Lock()
			agreed = false
			mu.Unlock()
			return
		}
	}()
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for p := range feed {
				ok, failed := do(ctx, p)
				mu.Lock()
				agreed = agreed && ok
				if err == nil {
					err = failed
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if err == nil {
		err = ctx.Err()
	}
	return agreed, err
}
