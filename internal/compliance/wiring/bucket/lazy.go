package bucket

import (
	"context"
	"sync"

	"github.com/greenlang/fournines/internal/place"
)

// Lazy opens and ensures an installation's bucket when it is first needed, and again until
// that works.
type Lazy struct {
	open func() (*Bucket, error)

	mu    sync.Mutex // guards ready
	ready *Bucket
}

// NewLazy returns the bucket of an installation's archive.
func NewLazy(l place.Layout, secrets place.Secrets) *Lazy {
	return &Lazy{open: func() (*Bucket, error) { return OpenOwn(l, secrets) }}
}

// Get returns the bucket, or why it cannot be opened yet.
func (b *Lazy) Get(ctx context.Context) (*Bucket, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ready != nil {
		return b.ready, nil
	}
	x, err := b.open()
	if err != nil {
		return nil, err
	}
	if err := x.Ensure(ctx); err != nil {
		return nil, err
	}
	b.ready = x
	return x, nil
}
