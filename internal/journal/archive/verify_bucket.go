package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/journal/tiles"
)

// maxObject bounds what is taken into memory: the largest bundle there can be.
const maxObject = tiles.Width * (2 + tiles.MaxEntry)

// bucket reads objects and counts what it sees of them.
type bucket struct {
	r    Reader
	name string
	now  time.Time

	mu    sync.Mutex // guards found while several read
	found Audit
}

func (b *bucket) damage(index uint64, kind journal.Damage, detail string) error {
	return &journal.DamageError{Dir: b.name, Index: index, Kind: kind, Detail: detail}
}

// read returns an object's content. key and index say what is missing if it is not there.
func (b *bucket) read(ctx context.Context, o Object, key string, index uint64) ([]byte, error) {
	var out []byte
	err := b.with(ctx, o, key, index, func(r io.Reader) (err error) {
		if out, err = io.ReadAll(io.LimitReader(r, maxObject+1)); err == nil && len(out) > maxObject {
			err = b.damage(index, journal.BitRot, fmt.Sprintf("%s has more than %d bytes, which none of its kind has", key, maxObject))
		}
		return err
	})
	return out, err
}

// with opens an object, checks its lock, and hands its content to use.
func (b *bucket) with(ctx context.Context, o Object, key string, index uint64, use func(io.Reader) error) error {
	if o.Key == "" {
		return b.damage(index, journal.Missing, key+" is gone")
	}
	got, body, err := b.r.Open(ctx, o.Key, o.Version)
	if err != nil {
		return b.unreadable(key, index, err)
	}
	err = use(body)
	if cerr := body.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return b.unreadable(key, index, err)
	}
	if got.Mode != Compliance || !got.RetainUntil.After(b.now) {
		is := "it has none"
		if got.Mode != "" {
			is = fmt.Sprintf("it is %s until %s", got.Mode, got.RetainUntil.Format(time.RFC3339))
		}
		return b.damage(index, journal.Unlocked, key+" has no lock in force: "+is)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.found.Objects++
	b.found.Bytes += got.Size
	if b.found.Until.IsZero() || got.RetainUntil.Before(b.found.Until) {
		b.found.Until = got.RetainUntil
	}
	return nil
}

// unreadable tells damage from a store that cannot be asked.
func (b *bucket) unreadable(key string, index uint64, err error) error {
	switch {
	case errors.As(err, new(*journal.DamageError)):
		return err
	case errors.Is(err, ErrGone):
		return b.damage(index, journal.Missing, key+" is gone: "+err.Error())
	case errors.Is(err, ErrUnproved):
		return b.damage(index, journal.BitRot, key+": "+err.Error())
	}
	return fmt.Errorf("verify archive %s: read %s: %w", b.name, key, err)
}

func (b *bucket) result() Audit {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.found.Covered == nil {
		b.found.Covered = []string{}
	}
	return b.found
}
