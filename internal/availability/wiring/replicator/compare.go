package replicator

import (
	"context"
	"errors"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/greenlang/fournines/internal/availability/replica"
	"github.com/greenlang/fournines/internal/driver/s3"
	"github.com/greenlang/fournines/internal/fact"
)

// pair is one key on both sides.
type pair struct {
	key    string
	unread bool // it is to be read when its turn comes
	whole  bool // it is known what its versions are copies of
	a, b   fact.ObjectHistory
}

// look is what looking at keys has found.
type look struct {
	keys   []pair            // that lack something
	cut    bool              // there were more
	counts map[string]*count // of what is lacking, by the region that lacks it
	failed map[string]error  // keys that nobody can say anything about
	known  known             // what the versions that were seen are copies of
}

// comparison is a look at everything.
type comparison struct {
	look
	turn  int // of the course
	begun time.Time
	took  time.Duration
	err   error
}

// compare lists both buckets and plans every key. It may run beside rounds.
func (r *Replicator) compare(ctx context.Context, turn int) comparison {
	c := comparison{turn: turn, begun: r.Now()}
	c.look, c.err = r.look(ctx, findings, r.walk)
	c.took = r.Now().Sub(c.begun)
	if c.err == nil {
		r.mu.Lock()
		r.known = c.known
		r.mu.Unlock()
	}
	return c
}

// look plans every pair that source hands over. One key that fails does not keep the others from being
// looked at, unless its store cannot be used at all: then no other key is answered, either.
func (r *Replicator) look(ctx context.Context, most int, source func(context.Context, chan<- pair) error) (look, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	found := make(chan pair)
	var handed error
	go func() {
		defer close(found)
		handed = source(ctx, found)
	}()
	out := look{failed: map[string]error{}, known: newKnown(r.A.Region, r.B.Region), counts: map[string]*count{r.A.Region: {}, r.B.Region: {}}}
	var mu sync.Mutex // guards out and what follows
	var gone error
	unanswered := 0 // in a row
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for p := range found {
				full, err := r.complete(ctx, p)
				mu.Lock()
				switch {
				case err == nil:
					out.add(r, full, most)
					unanswered = 0
				case ctx.Err() != nil:
					if gone == nil {
						gone = err
					}
				default:
					out.failed[p.key] = err
					if unanswered++; !errors.Is(err, s3.ErrUnavailable) {
						unanswered = 0
					}
					if unanswered > 2*workers && gone == nil {
						gone = err
						cancel()
					}
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if gone == nil {
		gone = handed
	}
	return out, gone
}

func (l *look) add(r *Replicator, full pair, most int) {
	if replica.Settled(full.a, full.b) { // nobody has asked what they are copies of
		return
	}
	l.known.keep(r.A.Region, full.a)
	l.known.keep(r.B.Region, full.b)
	copies, _ := r.plan(full)
	if !r.isStuck(full.key) { // those are counted apart
		for _, c := range copies {
			l.counts[c.To].add(c)
		}
	}
	switch {
	case len(copies) == 0:
	case len(l.keys) < most:
		l.keys = append(l.keys, full)
	default:
		l.cut = true
	}
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
			p = pair{key: a.Key, a: a, b: b}
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

// complete reads a pair, if that is still to be done, and asks what its versions are copies of,
// as far as it is not known. A version that is gone meanwhile has changed the key: it is read again.
func (r *Replicator) complete(ctx context.Context, p pair) (pair, error) {
	if r.fed.Load() && !p.whole && !replica.Settled(p.a, p.b) && (r.foreign(r.A, p.a) || r.foreign(r.B, p.b)) {
		p.unread = true // one question is for all versions
	}
	for again := 0; ; again++ {
		if p.unread {
			var err error
			if p, err = r.read(ctx, p.key); err != nil {
				return p, err
			}
		}
		if p.whole || replica.Settled(p.a, p.b) {
			return p, nil
		}
		a, b, err := both(func() (fact.ObjectHistory, error) { return r.origins(ctx, r.A, p.a) }, func() (fact.ObjectHistory, error) { return r.origins(ctx, r.B, p.b) })
		if err == nil || !errors.Is(err, s3.ErrNotFound) || again == replans {
			return pair{key: p.key, a: a, b: b}, err
		}
		p.unread = true
	}
}

// foreign tells whether it is not known what all versions of a key are copies of.
func (r *Replicator) foreign(of End, h fact.ObjectHistory) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.ContainsFunc(h.Versions, func(v fact.ObjectVersion) bool {
		_, known := r.known[of.Region][v.ID]
		return !known || v.ID == "null"
	})
}

func (r *Replicator) origins(ctx context.Context, of End, h fact.ObjectHistory) (fact.ObjectHistory, error) {
	out := fact.ObjectHistory{Key: h.Key, Versions: make([]fact.ObjectVersion, len(h.Versions))}
	for i, v := range h.Versions {
		r.mu.Lock()
		k, ok := r.known[of.Region][v.ID]
		r.mu.Unlock()
		if ok && v.ID != "null" { // a null version may be replaced by another
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

// read reads one key in both stores.
func (r *Replicator) read(ctx context.Context, key string) (pair, error) {
	type one struct {
		fact.ObjectHistory
		whole bool
	}
	ask := func(e End) (one, error) {
		if r.fed.Load() {
			all, err := e.Store.HistoriesOf(ctx, []string{key})
			if h, whole := all[key]; whole || err != nil {
				return one{h, whole}, err
			}
		}
		h, err := e.Store.History(ctx, key)
		return one{ObjectHistory: h}, err
	}
	a, b, err := both(func() (one, error) { return ask(r.A) }, func() (one, error) { return ask(r.B) })
	return pair{key: key, whole: a.whole && b.whole, a: a.ObjectHistory, b: b.ObjectHistory}, err
}
