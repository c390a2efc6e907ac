package table

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/greenlang/fournines/internal/journal/tiles"
)

// tailMost is the most entries that a tail holds. While the store is further behind than
// that, questions wait.
const tailMost = 1 << 16

// Snapshot is the whole log as tables, up to a checkpoint. It stays as it is, files
// included, until it is released.
type Snapshot struct {
	Size   uint64   // entries, all that a checkpoint of the log covers
	Tables []*Table // in order, without a hole

	store *Store
	held  []*shelved
}

// ErrBehind is wrapped when the tables do not reach to the end of the log yet.
var ErrBehind = errors.New("the journal's tables are still being made")

// Snapshot returns the log as its newest checkpoint covers it. Entries that no table has
// yet are written into a small one of their own. It waits while the store is far behind.
// The root over all tables is that of the log's tree.
func (s *Store) Snapshot(ctx context.Context) (*Snapshot, error) {
	s.tailing.Lock()
	defer s.tailing.Unlock()
	snap, err := s.hold(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.addTail(ctx, snap); err != nil {
		snap.Release()
		return nil, err
	}
	return snap, nil
}

// hold takes the tables that are there, once few enough entries are behind them.
func (s *Store) hold(ctx context.Context) (*Snapshot, error) {
	for {
		s.mu.Lock()
		_, size := s.log.Checkpoint() // under mu: no table is beyond it
		end, changed, problem := s.end(), s.changed, s.problem
		if s.loaded && end+tailMost >= size {
			snap := &Snapshot{Size: size, store: s}
			for _, t := range s.shelf {
				if t.span.next <= min(end, size) {
					snap.add(t)
				}
			}
			s.mu.Unlock()
			return snap, nil
		}
		s.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			if problem != nil {
				return nil, fmt.Errorf("%w: %d of %d entries; the last attempt failed: %w", ErrBehind, end, size, problem)
			}
			return nil, fmt.Errorf("%w: %d of %d entries; ask again in a moment", ErrBehind, end, size)
		}
	}
}

// add uses a table. The caller holds mu.
func (x *Snapshot) add(t *shelved) {
	t.users++
	x.held, x.Tables = append(x.held, t), append(x.Tables, t.table)
}

// addTail adds the entries behind the last table.
func (s *Store) addTail(ctx context.Context, x *Snapshot) error {
	want := span{0, x.Size}
	if n := len(x.held); n > 0 {
		want.first = x.held[n-1].span.next
	}
	if want.first >= want.next {
		return s.whole(x)
	}
	s.mu.Lock()
	if s.tail != nil && s.tail.span == want {
		x.add(s.tail)
		s.mu.Unlock()
		return nil
	}
	s.mu.Unlock()
	t, err := s.makeTail(ctx, want)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	x.add(t)
	if err := s.whole(x); err != nil {
		t.gone = true
		return err
	}
	if s.tail != nil {
		s.retire(s.tail)
	}
	s.tail = t
	return nil
}

// whole holds the root over all tables against the log's tree.
func (s *Store) whole(x *Snapshot) error {
	var f tiles.Frontier
	for _, t := range x.Tables {
		level, ok := t.meta.Subtree()
		if ok && f.Size()%(1<<level) == 0 {
			f.AddSubtree(level, t.meta.Root)
			continue
		}
		for _, g := range t.groups {
			v, err := g.leaves()
			if err != nil {
				return err
			}
			for _, h := range v {
				f.Add(h)
			}
		}
	}
	root, err := s.log.RootAt(x.Size)
	if err != nil {
		return fmt.Errorf("the tables' root: %w", err)
	}
	if root != f.Root() {
		return fmt.Errorf("%w: the root over %d entries is %s in the tables and %s in the log's tree; verify the journal", ErrDamaged, x.Size, f.Root(), root)
	}
	return nil
}

func (s *Store) makeTail(ctx context.Context, x span) (*shelved, error) {
	f, err := os.CreateTemp(s.dir, tailName+"*"+fileExt)
	if err != nil {
		return nil, fmt.Errorf("make table of the newest entries: %w", err)
	}
	path := filepath.Join(s.dir, filepath.Base(f.Name()))
	_, err = s.write(ctx, path, x, false)
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, errors.Join(err, removed(path))
	}
	t, err := Open(path)
	if err != nil {
		return nil, errors.Join(err, removed(path))
	}
	return &shelved{table: t, span: x}, nil
}

// Release gives the tables back. It may be called twice.
func (x *Snapshot) Release() {
	s := x.store
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range x.held {
		if t.users--; t.gone {
			s.retire(t)
		}
	}
	x.held = nil
}
