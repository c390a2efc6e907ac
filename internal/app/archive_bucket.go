package app

import (
	"context"
	"path/filepath"
	"sync"

	"github.com/greenlang/fournines/internal/app/bucket"
	"github.com/greenlang/fournines/internal/driver/s3"
	"github.com/greenlang/fournines/internal/journal/archive"
	"github.com/greenlang/fournines/internal/place"
)

// embedded names the installation's own object store as a place: whatever its address is,
// it is the same directory.
const embedded = "embedded"

// ArchivePlace says where the journal is archived.
func ArchivePlace(l place.Layout) archive.Place {
	a := l.Platform.Spec.Archive
	switch {
	case l.EmbedsObjects():
		return archive.Place{Endpoint: embedded, Bucket: place.ObjectsBucket}
	case a.Endpoint == "":
		return archive.Place{Endpoint: "AWS " + regionOr(a.Region), Bucket: a.Bucket, Prefix: a.Prefix}
	}
	return archive.Place{Endpoint: a.Endpoint, Bucket: a.Bucket, Prefix: a.Prefix}
}

func regionOr(region string) string {
	if region == "" {
		return "us-east-1"
	}
	return region
}

// OpenBucket opens the bucket of an installation's archive. It fails where the embedded
// store has not made its certificate yet.
func OpenBucket(l place.Layout, secrets place.Secrets) (*bucket.Bucket, error) {
	a := l.Platform.Spec.Archive
	if l.EmbedsObjects() {
		return bucket.Open(s3.Options{
			Endpoint: "https://" + l.ObjectsAddress(), Bucket: place.ObjectsBucket, CAFile: filepath.Join(l.ObjectsDir(), place.ObjectsCA),
			Credentials: s3.Credentials{AccessKey: place.ObjectsKey, SecretKey: secrets.Objects},
		}, "")
	}
	keys, err := s3.LoadCredentials(a.CredentialsFile)
	if err != nil {
		return nil, err
	}
	return bucket.Open(s3.Options{
		Endpoint: a.Endpoint, Region: a.Region, Bucket: a.Bucket, Credentials: keys, CAFile: a.CAFile, VirtualHost: a.VirtualHost,
	}, a.Prefix)
}

// lazyBucket opens and ensures a bucket when it is first needed, and again until that works.
type lazyBucket struct {
	open func() (*bucket.Bucket, error)

	mu    sync.Mutex // guards ready
	ready *bucket.Bucket
}

func (b *lazyBucket) get(ctx context.Context) (*bucket.Bucket, error) {
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
