package witness

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// peer is one witness as its goroutine sees it.
type peer struct {
	url      string
	cosigner Cosigner
	cosigned uint64 // the largest size it has cosigned for us
	watch    watch  // whether it is away
	shrunk   watch
	against  watch
}

// trouble is an error that means more than "away".
type trouble struct {
	kind Trouble
	err  error
}

func (t *trouble) Error() string { return t.err.Error() }
func (t *trouble) Unwrap() error { return t.err }

// feed sends each new checkpoint to one witness until ctx ends.
func (f *Feeder) feed(ctx context.Context, p *peer) {
	for _, w := range []*watch{&p.shrunk, &p.against} {
		w.name = p.cosigner.Name() // these are raised at once: no after
	}
	done, pause := "", f.o.Interval
	for {
		c, ok := f.next(ctx, done)
		if !ok {
			return
		}
		err := f.cosign(ctx, p, c)
		if ctx.Err() != nil {
			return
		}
		f.observe(p, err)
		if err == nil {
			done, pause = c.Text, f.o.Interval
			continue
		}
		if !wait(ctx, pause) {
			return
		}
		pause = min(2*pause, f.o.MaxBackoff)
		if errors.As(err, new(*trouble)) {
			pause = f.o.Interval // it answers, and shall soon see whether what it sees lasts
		}
	}
}

// observe raises and clears this witness's alarms.
func (f *Feeder) observe(p *peer, err error) {
	now := f.o.Now()
	f.tell(p.watch.observe(Away, err, now))
	var t *trouble
	if !errors.As(err, &t) {
		t = &trouble{}
	}
	for kind, w := range map[Trouble]*watch{Shrunk: &p.shrunk, Contradicted: &p.against} {
		switch {
		case t.kind == kind:
			f.tell(w.observe(kind, t.err, now))
		case err == nil:
			f.tell(w.observe(kind, nil, now))
		}
	}
}

func wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// maxExchanges bounds how often the old size is learnt anew in one try.
const maxExchanges = 3

// cosign gets one witness's cosignature of c.
func (f *Feeder) cosign(ctx context.Context, p *peer, c Checkpoint) error {
	ctx, cancel := context.WithTimeout(ctx, f.o.Timeout)
	defer cancel()
	old := min(p.cosigned, c.Size)
	for range maxExchanges {
		r, err := f.request(ctx, c, old)
		if err != nil {
			return err
		}
		got, err := f.post(ctx, p, r)
		if err != nil {
			return err
		}
		if got.line != "" {
			return f.accept(p, c, old, got.line)
		}
		if err := f.disagrees(ctx, p, c, old, got.size); err != nil {
			return err
		}
		old = got.size
	}
	return fmt.Errorf("witness %s changes its size with every answer: another feeder is faster; trying again", p.cosigner.Name())
}

func (f *Feeder) request(ctx context.Context, c Checkpoint, old uint64) (Request, error) {
	r := Request{Old: old, Checkpoint: c.Signed}
	if old == 0 || old == c.Size {
		return r, nil
	}
	hashes, err := f.o.Log.Consistency(ctx, old, c.Size)
	if err != nil {
		return r, fmt.Errorf("prove our log from size %d to %d: %w", old, c.Size, err)
	}
	r.Proof = hashes
	return r, nil
}

// disagrees judges the size that a witness has answered with instead of a cosignature.
func (f *Feeder) disagrees(ctx context.Context, p *peer, c Checkpoint, old, size uint64) error {
	name := p.cosigner.Name()
	switch {
	case size == old && size == c.Size: //nolint:gocritic // three sizes, and all are alike
		return &trouble{Contradicted, fmt.Errorf("witness %s has cosigned another root at our size %d: our log has forked; stop writing and compare with the witness's evidence", name, size)}
	case size == old:
		return fmt.Errorf("witness %s refuses the size %d that it names itself", name, size)
	case size > c.Size:
		return f.behind(ctx, name, size)
	}
	return nil
}

// behind tells our own rollback from a checkpoint that has only become old meanwhile.
func (f *Feeder) behind(ctx context.Context, name string, size uint64) error {
	c, err := f.checkpoint(ctx)
	switch {
	case err != nil:
		return err
	case c.Size >= size:
		return fmt.Errorf("witness %s is ahead of this checkpoint: another feeder was faster; the next one follows", name)
	}
	return &trouble{Shrunk, fmt.Errorf("witness %s has cosigned our log at size %d and it now has %d: our log was rolled back; stop writing and restore the newer one", name, size, c.Size)}
}

// accept takes a verified cosignature. A witness that let us start below what it has
// cosigned before has forgotten it.
func (f *Feeder) accept(p *peer, c Checkpoint, old uint64, line string) error {
	now := f.o.Now()
	if old < p.cosigned {
		f.tell(&Alarm{Trouble: Forgot, Witness: p.cosigner.Name(), Since: now, At: now,
			Err: fmt.Errorf("it had cosigned our log at size %d and remembered only %d: its records were rolled back; find out why, and what else it has forgotten", p.cosigned, old)})
	}
	p.cosigned = max(p.cosigned, c.Size)
	f.tell(f.set.add(c, line, now))
	return nil
}
