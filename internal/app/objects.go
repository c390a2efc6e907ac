package app

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"

	"github.com/greenlang/fournines/internal/app/bucket"
	"github.com/greenlang/fournines/internal/driver/s3"
	"github.com/greenlang/fournines/internal/journal/archive"
	"github.com/greenlang/fournines/internal/node"
)

// The embedded object store: a process of its own, of which there is one in an installation.
const (
	Objects        = "objects"
	objectsProgram = "fournines-objects"
	objectsPort    = 9000
	objectsKey     = "fournines" // access key; its secret is the installation's
	objectsFile    = "credentials"
	objectsCA      = "ca.pem" // the gateway's AuthorityFile, named here so that the gateway is not linked
	objectsBucket  = "journal"
)

// EmbedsObjects tells whether the installation runs an object store of its own.
func (l Layout) EmbedsObjects() bool { return !l.Platform.Spec.Archive.External() }

// ObjectsAddress returns where the embedded object store serves: host 3 of the first
// region's own hosts, always on loopback.
func (l Layout) ObjectsAddress() string {
	r, _ := l.Platform.Region(l.Regions[0])
	return fmt.Sprintf("127.%d.0.3:%d", r.Number, objectsPort)
}

// ObjectsDir returns the directory of the embedded object store.
func (l Layout) ObjectsDir() string { return filepath.Join(l.Root, Objects) }

// objectsUnit is the embedded object store as `up` runs it.
func objectsUnit(l Layout, secrets Secrets, env []string) node.Unit {
	return storeUnit(l, Objects, l.ObjectsAddress(), secrets.Objects, env)
}

// storeUnit is one object store as `up` runs it.
func storeUnit(l Layout, name, address, secret string, env []string) node.Unit {
	return node.Unit{
		Name: name, Env: env, Stop: "TERM", Grace: 10, Ready: node.Ready{TCP: address},
		Argv:  []string{l.Bin(objectsProgram), "--dir", "{home}", "--listen", address, "--tls", "--credentials-file", "{home}/" + objectsFile},
		Files: []node.File{{Path: objectsFile, Content: "[default]\naws_access_key_id = " + objectsKey + "\naws_secret_access_key = " + secret + "\n"}},
	}
}

// embedded names the installation's own object store as a place: whatever its address is,
// it is the same directory.
const embedded = "embedded"

// archivePlace says where the journal is archived.
func archivePlace(l Layout) archive.Place {
	a := l.Platform.Spec.Archive
	switch {
	case l.EmbedsObjects():
		return archive.Place{Endpoint: embedded, Bucket: objectsBucket}
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
func OpenBucket(l Layout, secrets Secrets) (*bucket.Bucket, error) {
	a := l.Platform.Spec.Archive
	if l.EmbedsObjects() {
		return bucket.Open(s3.Options{
			Endpoint: "https://" + l.ObjectsAddress(), Bucket: objectsBucket, CAFile: filepath.Join(l.ObjectsDir(), objectsCA),
			Credentials: s3.Credentials{AccessKey: objectsKey, SecretKey: secrets.Objects},
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
