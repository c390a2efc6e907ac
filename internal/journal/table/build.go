package table

import (
	"bufio"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"

	"github.com/greenlang/fournines/internal/journal"
)

// catchUp makes tables until the log has no more for one.
func (s *Store) catchUp(ctx context.Context) error {
	for {
		_, published := s.log.Checkpoint()
		s.mu.Lock()
		var have []span
		for _, t := range s.shelf {
			have = append(have, t.span)
		}
		s.mu.Unlock()
		x, ok := missing(have, published)
		if !ok {
			return nil
		}
		t, err := s.make(ctx, x)
		if err != nil {
			return err
		}
		s.place(t)
	}
}

// place puts a table on the shelf in the place of those that it replaces.
func (s *Store) place(t *shelved) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shelf = slices.DeleteFunc(s.shelf, func(x *shelved) bool {
		inside := x.span.first >= t.span.first && x.span.next <= t.span.next
		if inside {
			s.retire(x)
		}
		return inside
	})
	at, _ := slices.BinarySearchFunc(s.shelf, t.span.first, func(x *shelved, first uint64) int {
		return cmp.Compare(x.span.first, first)
	})
	s.shelf = slices.Insert(s.shelf, at, t)
	s.problem = nil
	s.wake()
}

// retire removes a table's file once nobody uses it. The caller holds mu.
func (s *Store) retire(t *shelved) {
	t.gone = true
	if t.users > 0 {
		return
	}
	if err := errors.Join(t.table.Close(), s.disk.remove(t.table.path)); err != nil {
		s.note.Warn("a table that is of no use could not be removed; it only takes room", "file", t.table.path, "err", err)
	}
}

// make writes a table of the log and holds it against the log's tree. It gets its name
// when it is durable.
func (s *Store) make(ctx context.Context, x span) (*shelved, error) {
	path := filepath.Join(s.dir, fmt.Sprintf("%020d-%020d%s", x.first, x.next, unnamed))
	sum, err := s.write(ctx, path, x, true)
	if err != nil {
		return nil, errors.Join(err, removed(path))
	}
	name := x.file(sum)
	if err := s.disk.rename(path, filepath.Join(s.dir, name)); err != nil {
		return nil, errors.Join(fmt.Errorf("make table: %w", err), removed(path))
	}
	t, err := Open(filepath.Join(s.dir, name))
	if err != nil {
		return nil, err
	}
	if err := s.belongs(t, x); err != nil {
		return nil, errors.Join(fmt.Errorf("make table of entries %d to %d: %w; verify the journal", x.first, x.next, err), t.Close(), removed(t.path))
	}
	return &shelved{table: t, span: x, sum: sum}, nil
}

func removed(path string) error {
	if err := os.Remove(path); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// write writes entries of the log as a table.
func (s *Store) write(ctx context.Context, path string, x span, durable bool) (digest, error) {
	f, err := s.disk.create(path)
	if err != nil {
		return digest{}, fmt.Errorf("make table: %w", err)
	}
	h := sha256.New()
	w := bufio.NewWriterSize(both{h, &faulty{f, s.disk}}, 1<<18)
	_, err = Write(w, Meta{Origin: s.log.Origin(), First: x.first, Next: x.next}, s.records(ctx, x))
	if err == nil {
		err = w.Flush()
	}
	if err == nil && durable {
		err = s.disk.sync(f)
	}
	return digest(h.Sum(nil)[:16]), errors.Join(err, f.Close())
}

// readStep is the number of entries that are taken from the log at once.
const readStep = 1 << 12

// records yields entries of the log. It reads ahead, so that reading and encoding go on
// side by side.
func (s *Store) records(ctx context.Context, x span) iter.Seq2[journal.Record, error] {
	return func(yield func(journal.Record, error) bool) {
		type batch struct {
			list []journal.Record
			err  error
		}
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		ahead := make(chan batch)
		go func() {
			defer close(ahead)
			for at := x.first; at < x.next; {
				list, err := s.log.Read(at, int(min(readStep, x.next-at))) //nolint:gosec // small
				if err == nil && len(list) == 0 {
					err = fmt.Errorf("the log has no entry %d", at)
				}
				select {
				case ahead <- batch{list, err}:
				case <-ctx.Done():
					return
				}
				if err != nil {
					return
				}
				at += uint64(len(list))
			}
		}()
		for b := range ahead {
			for _, r := range b.list {
				if !yield(r, nil) {
					return
				}
			}
			if err := errors.Join(b.err, ctx.Err()); err != nil {
				yield(journal.Record{}, err)
				return
			}
		}
	}
}
