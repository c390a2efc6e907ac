// Package bucket is a bucket of any S3 endpoint as the archive of a journal. It only
// translates: package s3 handles locks, digests and repeats, and package archive decides
// the keys.
package bucket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"sync"
	"time"

	"github.com/greenlang/fournines/internal/driver/s3"
	"github.com/greenlang/fournines/internal/journal/archive"
)

// Bucket implements [archive.Store] and [archive.Reader].
type Bucket struct {
	store  *s3.Store
	prefix string
	// While locks are being tried, the bucket's rules are others for moments, on a bad
	// endpoint even its versioning: nothing is put then.
	trying sync.RWMutex
}

// Open returns a bucket; nothing is asked of the endpoint yet. prefix is empty or ends in a slash.
func Open(o s3.Options, prefix string) (*Bucket, error) {
	s, err := s3.New(o)
	if err != nil {
		return nil, err
	}
	return &Bucket{store: s, prefix: prefix}, nil
}

// Ensure makes the bucket with versioning and object lock where it is missing.
func (b *Bucket) Ensure(ctx context.Context) error { return b.store.EnsureBucket(ctx) }

// Place says where it is.
func (b *Bucket) Place() archive.Place {
	return archive.Place{Endpoint: b.store.Endpoint(), Bucket: b.store.Bucket(), Prefix: b.prefix}
}

// Put implements [archive.Store].
func (b *Bucket) Put(ctx context.Context, key string, body io.ReadSeeker, until time.Time) (archive.Object, error) {
	b.trying.RLock()
	defer b.trying.RUnlock()
	stored, err := b.store.Put(ctx, b.prefix+key, body, s3.PutOptions{RetainUntil: until, IfAbsent: true, Headers: s3.Headers{ContentType: contentType(key)}})
	return b.object(stored.Info), translate(err)
}

// List implements [archive.Reader]. Versions of a key are listed the newest first.
func (b *Bucket) List(ctx context.Context, prefix string) iter.Seq2[archive.Object, error] {
	return func(yield func(archive.Object, error) bool) {
		var last s3.Entry // the oldest version of its key so far
		covered := false
		tell := func() bool {
			return last.Key == "" || yield(archive.Object{Key: strings.TrimPrefix(last.Key, b.prefix), Version: last.Version, Size: last.Size, Covered: covered}, nil)
		}
		// Markers come apart from the versions that they hide: they are not needed, because a
		// key whose newest version is not the latest is covered.
		for e, err := range b.store.Versions(ctx, b.prefix+prefix) {
			if err != nil {
				yield(archive.Object{}, translate(err))
				return
			}
			if e.Marker {
				continue
			}
			if e.Key != last.Key {
				if !tell() {
					return
				}
				covered = !e.Latest
			} else {
				covered = true
			}
			last = e
		}
		tell()
	}
}

// Open implements [archive.Reader].
func (b *Bucket) Open(ctx context.Context, key, version string) (archive.Object, io.ReadCloser, error) {
	o, err := b.store.Get(ctx, b.prefix+key, version)
	if err != nil {
		return archive.Object{}, nil, translate(err)
	}
	if o.Mode == "" { // some endpoints tell of the lock only when asked for it
		i, err := b.store.Head(ctx, b.prefix+key, o.Version)
		if err != nil {
			return archive.Object{}, nil, errors.Join(translate(err), o.Body.Close())
		}
		o.Mode, o.RetainUntil = i.Mode, i.RetainUntil
	}
	return b.object(o.Info), body{o.Body}, nil
}

// Probe tries to break the locks.
func (b *Bucket) Probe(ctx context.Context) (archive.Probe, error) {
	b.trying.Lock()
	defer b.trying.Unlock()
	r, err := s3.Probe(ctx, b.store, time.Now)
	p := archive.Probe{Place: b.Place(), At: r.At, Holds: r.Holds, DefaultHolds: r.DefaultHolds}
	for _, a := range r.Attempts {
		p.Attempts = append(p.Attempts, archive.Attempt(a))
	}
	return p, err
}

func (b *Bucket) object(i s3.Info) archive.Object {
	return archive.Object{
		Key: strings.TrimPrefix(i.Key, b.prefix), Version: i.Version, Size: i.Size, SHA256: i.SHA256, Mode: i.Mode, RetainUntil: i.RetainUntil.UTC(),
	}
}

// body translates what a read says at its end.
type body struct{ io.ReadCloser }

func (r body) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = translate(err)
	}
	return n, err
}

func translate(err error) error {
	for from, to := range map[error]error{s3.ErrExists: archive.ErrConflict, s3.ErrUnproved: archive.ErrUnproved, s3.ErrNotFound: archive.ErrGone} {
		if errors.Is(err, from) {
			return fmt.Errorf("%w: %w", to, err)
		}
	}
	return err
}

func contentType(key string) string {
	switch {
	case strings.HasPrefix(key, "checkpoint/"):
		return "text/plain; charset=utf-8"
	case strings.HasSuffix(key, ".json"):
		return "application/json"
	case strings.HasSuffix(key, ".parquet"):
		return "application/vnd.apache.parquet"
	}
	return "application/octet-stream"
}
