package table

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/journal/tiles"
)

// Records is a log's entries.
type Records interface {
	Read(from uint64, n int) ([]journal.Record, error)
	Wait(ctx context.Context, size uint64) (uint64, error)
}

// Tree is a log's tree, as far as its newest checkpoint covers it.
type Tree interface {
	Checkpoint() (note []byte, size uint64)
	RootAt(size uint64) (tiles.Hash, error)
	Subtree(level uint, n uint64) (tiles.Hash, error)
}

// Log is what a store keeps up with. [journal.Journal] and [journal.Published] are some.
type Log interface {
	Records
	Tree
	Origin() string
}

// Store keeps a directory of tables up to date with a log. The directory is only a cache:
// Run finds tables that are damaged, foreign or left by a killed process, and rebuilds them
// from the log. A table is added only when its root is the log's own.
type Store struct {
	dir  string
	log  Log
	note *slog.Logger
	disk disk

	tailing sync.Mutex // one tail is made at a time

	mu      sync.Mutex // guards what follows
	loaded  bool
	shelf   []*shelved // in order, without overlap
	tail    *shelved
	changed chan struct{} // closed and replaced when something above changed
	problem error         // of the last attempt to make a table
}

// shelved is a table that is in use as long as the shelf or a snapshot has it.
type shelved struct {
	table *Table
	span  span
	sum   digest
	users int
	gone  bool // off the shelf: the last user removes it
}

// NewStore returns the store in dir, which may be missing. Nothing is read before
// [Store.Run].
func NewStore(dir string, log Log, note *slog.Logger) *Store {
	return &Store{dir: dir, log: log, note: note, changed: make(chan struct{})}
}

// Run loads the directory and keeps up with the log until ctx ends. Between tables it
// sleeps.
func (s *Store) Run(ctx context.Context) error {
	if err := s.load(ctx); err != nil {
		return err
	}
	for {
		err := s.catchUp(ctx)
		if err == nil {
			err = s.await(ctx)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			s.trouble(err)
			if errors.Is(err, journal.ErrClosed) {
				return err
			}
			pause(ctx, retryPause)
		}
	}
}

// Fill loads the directory and makes the tables that the log has entries for, once. It is
// for a log that does not grow.
func (s *Store) Fill(ctx context.Context) error {
	if err := s.load(ctx); err != nil {
		return err
	}
	return s.catchUp(ctx)
}

const (
	retryPause   = 5 * time.Second
	publishPause = 200 * time.Millisecond // between looks for a checkpoint over entries that are there
)

// await waits until the next table can be made.
func (s *Store) await(ctx context.Context) error {
	s.mu.Lock()
	end := s.end()
	s.mu.Unlock()
	if _, err := s.log.Wait(ctx, end+least-1); err != nil {
		return err
	}
	for {
		if _, published := s.log.Checkpoint(); published >= end+least {
			return nil
		}
		if !pause(ctx, publishPause) {
			return ctx.Err()
		}
	}
}

func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// trouble keeps a failure for those who ask, and says it once.
func (s *Store) trouble(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.problem == nil || s.problem.Error() != err.Error() {
		s.note.Error("a table of the journal could not be made; questions about it wait, the log is not concerned", "dir", s.dir, "err", err)
	}
	s.problem = err
}

// end is the index behind the entries that tables hold without a hole.
func (s *Store) end() uint64 {
	end := uint64(0)
	for _, t := range s.shelf {
		if t.span.first != end {
			break
		}
		end = t.span.next
	}
	return end
}

// wake tells who waits that something changed.
func (s *Store) wake() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// Close closes the files; end Run and release every snapshot first. The tables stay.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, t := range s.shelf {
		errs = append(errs, t.table.Close())
	}
	if s.tail != nil {
		errs = append(errs, s.tail.table.Close(), os.Remove(s.tail.table.path))
	}
	s.shelf, s.tail = nil, nil
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close tables in %s: %w", s.dir, err)
	}
	return nil
}

func sorted(set map[uint64]bool) []uint64 { return slices.Sorted(maps.Keys(set)) }
