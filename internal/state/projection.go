package state

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/greenlang/fournines/internal/journal"
)

// Fold changes documents by one entry. It is pure: the same entries give the same documents.
type Fold func(d *Docs, r journal.Record) error

// Projection is the documents in memory, following the journal.
type Projection struct {
	journal *journal.Journal
	store   Store
	folds   []Fold
	log     *slog.Logger

	mu      sync.RWMutex // guards what follows
	docs    *Docs
	applied uint64 // entries folded into docs
	err     error  // why following ended
	moved   chan struct{}

	stop context.CancelFunc
	wg   sync.WaitGroup
}

// Open loads the state, folds the entries that it lacks, and follows the journal until ctx
// ends, or until Close. A journal other than the one it has followed is refused with a [journal.DamageError].
func Open(ctx context.Context, j *journal.Journal, s Store, log *slog.Logger, folds ...Fold) (*Projection, error) {
	docs, at, err := s.Load(ctx)
	if err != nil {
		return nil, err
	}
	if err := at.check(ctx, j); err != nil {
		return nil, fmt.Errorf("open state: %w", err)
	}
	p := &Projection{
		journal: j, store: s, folds: folds, log: log, applied: at.Applied, moved: make(chan struct{}),
		docs: newDocs(docs),
	}
	size := j.Head().Size
	following, stop := context.WithCancel(ctx)
	p.stop = stop
	p.wg.Go(func() { p.follow(following) })
	p.wg.Go(func() { p.persist(following) })
	return p, p.Wait(ctx, size)
}

func (p *Projection) follow(ctx context.Context) {
	for r, err := range p.journal.Follow(ctx, p.applied) {
		if err == nil {
			err = p.apply(r)
		}
		if err != nil {
			p.fail(err)
			return
		}
	}
}

func (p *Projection) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !errors.Is(err, context.Canceled) {
		p.log.Error("state stopped following the journal", "err", err)
	}
	p.err = err
	close(p.moved)
	p.moved = make(chan struct{})
}

func (p *Projection) apply(r journal.Record) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, f := range p.folds {
		if err := f(p.docs, r); err != nil {
			return fmt.Errorf("fold entry %d (%s): %w", r.Index, r.Kind, err)
		}
	}
	p.applied = r.Index + 1
	close(p.moved)
	p.moved = make(chan struct{})
	return nil
}

// persist writes what changed, a little behind the journal, and at the end where it stands.
func (p *Projection) persist(ctx context.Context) {
	for saved := uint64(0); ; {
		ended := ctx.Err() != nil
		p.mu.Lock()
		dirty, applied, moved, failed := p.docs.dirty, p.applied, p.moved, p.err
		p.docs.dirty = map[string]json.RawMessage{}
		p.mu.Unlock()
		if len(dirty) > 0 || applied >= saved+1000 || (ended && applied > saved) {
			if err := p.save(ctx, dirty, applied); err != nil {
				p.keep(dirty)
				p.log.Warn("state could not be saved; it is replayed from the journal after a restart", "err", err)
			} else {
				saved = applied
			}
		}
		if failed != nil || ended {
			return
		}
		select {
		case <-ctx.Done():
			continue
		case <-moved:
		}
		select { // let a burst gather
		case <-ctx.Done():
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// saveFor bounds one save; the last one, when everything is being ended, as well.
const saveFor = 5 * time.Second

func (p *Projection) save(ctx context.Context, dirty map[string]json.RawMessage, applied uint64) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveFor)
	defer cancel()
	at, err := position(p.journal, applied)
	if err != nil {
		return err
	}
	return p.store.Save(ctx, dirty, at)
}

// keep puts documents that could not be saved back, unless they changed again meanwhile.
func (p *Projection) keep(dirty map[string]json.RawMessage) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for k, v := range dirty {
		if _, newer := p.docs.dirty[k]; !newer {
			p.docs.dirty[k] = v
		}
	}
}

// Wait returns once at least size entries are folded in.
func (p *Projection) Wait(ctx context.Context, size uint64) error {
	for {
		p.mu.RLock()
		applied, moved, err := p.applied, p.moved, p.err
		p.mu.RUnlock()
		if applied >= size {
			return nil
		}
		if err != nil {
			return err
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Applied returns the number of entries folded in.
func (p *Projection) Applied() uint64 {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.applied
}

// Changed returns a channel that is closed when the next entry was folded in.
func (p *Projection) Changed() <-chan struct{} {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.moved
}

// Get replaces what v points to by the document, as [Docs.Get] does.
func (p *Projection) Get(key string, v any) (bool, error) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.docs.Get(key, v)
}

// List returns the documents whose keys begin with prefix, sorted by key, as [ListDocs] does.
func List[T any](p *Projection, prefix string) ([]T, error) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return ListDocs[T](p.docs, prefix)
}

// Append adds entries to the journal and returns the first one's index once they are folded in.
// In a dry run it adds none, and returns [ErrDry].
func (p *Projection) Append(ctx context.Context, entries ...journal.Entry) (uint64, error) {
	if err := Dry(ctx); err != nil {
		return 0, err
	}
	first, err := p.journal.Append(ctx, entries...)
	if err != nil {
		return 0, err
	}
	return first, p.Wait(ctx, first+uint64(len(entries)))
}

// Close stops following, saves where the state stands, and returns then. It may be called twice.
func (p *Projection) Close() {
	p.stop()
	p.wg.Wait()
}
