package table

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// load takes over the tables of this log that are in the directory. It removes other files that
// a store made, and leaves unknown names alone. Once it is loaded nothing is left to do: a task
// that runs the store may be begun again.
func (s *Store) load(ctx context.Context) error {
	s.mu.Lock()
	loaded := s.loaded
	s.mu.Unlock()
	if loaded {
		return nil
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return fmt.Errorf("open tables: %w", err)
	}
	files, err := os.ReadDir(s.dir)
	if err != nil {
		return fmt.Errorf("open tables: %w", err)
	}
	found := map[span]*shelved{}
	var have []span
	for _, f := range files {
		x, sum, ok := parseFile(f.Name())
		if !ok {
			if strings.HasSuffix(f.Name(), unnamed) || strings.HasPrefix(f.Name(), tailName) {
				s.drop(f.Name(), nil)
			}
			continue
		}
		t, err := s.check(ctx, f.Name(), x, sum)
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			s.drop(f.Name(), err)
			continue
		}
		found[x], have = t, append(have, x)
	}
	keep := arrange(have)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, x := range keep {
		s.shelf = append(s.shelf, found[x])
	}
	for x, t := range found {
		if !slices.Contains(keep, x) { // a bigger one was made of it
			s.drop(filepath.Base(t.table.path), t.table.Close())
		}
	}
	s.loaded = true
	s.wake()
	return nil
}

// drop removes a file; why is nil when it is of no use any more.
func (s *Store) drop(name string, why error) {
	if why != nil {
		s.note.Warn("a table of the journal is not as it was made; it is made anew from the log", "file", name, "err", why)
	}
	if err := os.Remove(filepath.Join(s.dir, name)); err != nil {
		s.note.Warn("a table that is of no use could not be removed; it only takes room", "file", name, "err", err)
	}
}

// ErrForeign is wrapped when a table does not have the root of the log that it is held against.
var ErrForeign = errors.New("the table does not belong to this log")

// check opens a file and holds it against its name and against the log.
func (s *Store) check(ctx context.Context, name string, x span, sum digest) (*shelved, error) {
	path := filepath.Join(s.dir, name)
	got, err := sumFile(ctx, path)
	if err != nil {
		return nil, err
	}
	if got != sum {
		return nil, fmt.Errorf("%w: its bytes are not those that its name says", ErrDamaged)
	}
	t, err := Open(path)
	if err != nil {
		return nil, err
	}
	if err := s.belongs(t, x); err != nil {
		return nil, errors.Join(err, t.Close())
	}
	return &shelved{table: t, span: x, sum: sum}, nil
}

// belongs holds a table's root against the log's tree.
func (s *Store) belongs(t *Table, x span) error {
	m := t.Meta()
	level, ok := m.Subtree()
	if m.Origin != s.log.Origin() || m.First != x.first || m.Next != x.next || !ok {
		return ErrForeign
	}
	root, err := s.log.Subtree(level, m.First>>level)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrForeign, err)
	}
	if root != m.Root {
		return fmt.Errorf("%w: its root is %s, the log's %s", ErrForeign, m.Root, root)
	}
	return nil
}

func sumFile(ctx context.Context, path string) (digest, error) {
	f, err := os.Open(path) //nolint:gosec // our own directory
	if err != nil {
		return digest{}, err
	}
	defer f.Close() //nolint:errcheck // only read
	h, buf := sha256.New(), make([]byte, 1<<20)
	for {
		n, err := f.Read(buf)
		h.Write(buf[:n])
		if errors.Is(err, io.EOF) {
			return digest(h.Sum(nil)[:16]), nil
		}
		if err = errors.Join(err, ctx.Err()); err != nil {
			return digest{}, err
		}
	}
}

// Recheck looks at every table again, after a question met damage. Those that are not as
// they were made leave the shelf, and [Store.Run] makes them anew.
func (s *Store) Recheck(ctx context.Context) error {
	s.mu.Lock()
	list := slices.Clone(s.shelf)
	s.mu.Unlock()
	for _, t := range list {
		sum, err := sumFile(ctx, t.table.path)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err == nil && sum == t.sum {
			continue
		}
		s.note.Warn("a table of the journal is not as it was made; it is made anew from the log", "file", t.table.path, "err", err)
		s.mu.Lock()
		s.shelf = slices.DeleteFunc(s.shelf, func(x *shelved) bool { return x == t })
		s.retire(t)
		s.wake()
		s.mu.Unlock()
	}
	return nil
}
