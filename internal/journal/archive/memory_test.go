package archive_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/greenlang/fournines/internal/journal/archive"
)

// memory is a store that does what its owner wants: also what no honest one would.
type memory struct {
	mu      sync.Mutex // guards what follows
	objects map[string]kept
	before  func(key string) error // asked before each put
	puts    int
}

type kept struct {
	archive.Object
	body []byte
}

func newMemory() *memory { return &memory{objects: map[string]kept{}} }

func (m *memory) Put(ctx context.Context, key string, body io.ReadSeeker, until time.Time) (archive.Object, error) {
	m.mu.Lock()
	before := m.before
	m.mu.Unlock()
	if before != nil {
		if err := before(key); err != nil {
			return archive.Object{}, err
		}
	}
	if ctx.Err() != nil {
		return archive.Object{}, ctx.Err()
	}
	b, err := io.ReadAll(body)
	if err != nil {
		return archive.Object{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.puts++
	if old, ok := m.objects[key]; ok {
		if !bytes.Equal(old.body, b) {
			return archive.Object{}, fmt.Errorf("%w: %s", archive.ErrConflict, key)
		}
		if old.RetainUntil.Before(until) {
			old.RetainUntil = until
			m.objects[key] = old
		}
		return old.Object, nil
	}
	sum := sha256.Sum256(b)
	o := archive.Object{Key: key, Version: fmt.Sprint(len(m.objects)), Size: int64(len(b)), SHA256: hex.EncodeToString(sum[:]), Mode: archive.Compliance, RetainUntil: until}
	m.objects[key] = kept{o, b}
	return o, nil
}

func (m *memory) List(_ context.Context, prefix string) iter.Seq2[archive.Object, error] {
	return func(yield func(archive.Object, error) bool) {
		for _, key := range slices.Sorted(maps.Keys(m.objects)) {
			if strings.HasPrefix(key, prefix) && !yield(m.objects[key].Object, nil) {
				return
			}
		}
	}
}

func (m *memory) Open(_ context.Context, key, _ string) (archive.Object, io.ReadCloser, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	k, ok := m.objects[key]
	if !ok {
		return archive.Object{}, nil, archive.ErrGone
	}
	return k.Object, io.NopCloser(bytes.NewReader(k.body)), nil
}

// liar answers otherwise than it holds.
type liar struct {
	*memory
	lie func(*archive.Object)
}

func (l liar) Put(ctx context.Context, key string, body io.ReadSeeker, until time.Time) (archive.Object, error) {
	o, err := l.memory.Put(ctx, key, body, until)
	l.lie(&o)
	return o, err
}

// change replaces an object as somebody would who owns the store.
func (m *memory) change(key string, change func(*kept)) {
	k, ok := m.objects[key]
	if !ok {
		panic("the test changes " + key + ", which is not there")
	}
	k.body = bytes.Clone(k.body)
	change(&k)
	m.objects[key] = k
}

func (m *memory) clone() *memory { return &memory{objects: maps.Clone(m.objects)} }
