package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/s3err"
	"github.com/versity/versitygw/s3response"
	"golang.org/x/sys/unix"
)

// backend is versitygw's POSIX backend with the promises of this package's doc.
type backend struct {
	*posix.Posix
	objects, versions string // absolute directories
	attributes        meta.MetadataStorer
	sidecar           bool
	locks             locks
	feeds             feeds
	marks             *marks
}

// locks order what changes one key; keys share them, which costs nothing but a wait.
type locks struct {
	seed  maphash.Seed
	shard [256]sync.RWMutex
}

func (l *locks) of(bucket, key string) *sync.RWMutex {
	return &l.shard[maphash.String(l.seed, bucket+"/"+key)%uint64(len(l.shard))]
}

func (l *locks) lock(bucket, key string) (unlock func()) {
	m := l.of(bucket, key)
	m.Lock()
	return m.Unlock
}

func (l *locks) share(bucket, key string) (unlock func()) {
	m := l.of(bucket, key)
	m.RLock()
	return m.RUnlock
}

func (b *backend) path(bucket, key string) string { return filepath.Join(b.objects, bucket, key) }

// errMoved means that something came in the way of where an object was to be kept, or left it: the client tries again.
var errMoved = s3err.GetAPIError(s3err.ErrSlowDown)

// again asks a client to try again whose put found another key in the way that was not there at first.
func again(err error) error {
	for _, e := range []error{errMoved, s3err.GetAPIError(s3err.ErrExistingObjectIsDirectory), s3err.GetAPIError(s3err.ErrObjectParentIsFile)} {
		if errors.Is(err, e) {
			return errMoved
		}
	}
	return err
}

// PutObject answers only when data, attributes, lock and name are on the disk.
func (b *backend) PutObject(ctx context.Context, in s3response.PutObjectInput) (s3response.PutObjectOutput, error) {
	bucket, key := *in.Bucket, *in.Key
	if reserved(key) {
		return b.confirm(in)
	}
	mark, err := marked(ctx, stored(in.Metadata))
	if err != nil {
		return s3response.PutObjectOutput{}, err
	}
	at := b.place(bucket, key)
	in.Key = &at
	var ends []func()
	defer func() {
		for _, end := range slices.Backward(ends) {
			end()
		}
	}()
	// The hook runs when the body is complete and the object has no name yet.
	out, err := b.PutObjectWithPostFunc(ctx, in, func(f *os.File) error {
		if err := f.Sync(); err != nil {
			return fmt.Errorf("make %s/%s durable: %w", bucket, key, err)
		}
		named, err := b.begin(bucket, key)
		if err != nil {
			return err
		}
		ends = append(ends, named, b.locks.lock(bucket, key), b.marks.put(bucket, at, underWay{mark, true}))
		if b.place(bucket, key) != at {
			return errMoved
		}
		return b.retain(f, in.ObjectLockMode, in)
	})
	if err != nil {
		return out, again(err)
	}
	return out, b.durable(bucket, at)
}

// HeadObject answers of one version: versitygw reads its id and its attributes apart, and
// between them it may be replaced.
func (b *backend) HeadObject(ctx context.Context, in *s3.HeadObjectInput) (*s3.HeadObjectOutput, error) {
	bucket, key := *in.Bucket, aws.ToString(in.Key)
	defer b.locks.share(bucket, key)()
	of := *in
	of.Key = aws.String(b.placed(bucket, key))
	out, err := b.Posix.HeadObject(ctx, &of)
	if err == nil {
		out.Metadata, err = b.shown(ctx, bucket, key, aws.ToString(in.VersionId), out.Metadata)
	}
	return out, err
}

// GetObject opens one version, as HeadObject answers of one.
func (b *backend) GetObject(ctx context.Context, in *s3.GetObjectInput) (*s3.GetObjectOutput, error) {
	bucket, key := *in.Bucket, aws.ToString(in.Key)
	if reserved(key) {
		return b.answer(bucket, key)
	}
	defer b.locks.share(bucket, key)()
	of := *in
	of.Key = aws.String(b.placed(bucket, key))
	out, err := b.Posix.GetObject(ctx, &of)
	if err == nil {
		out.Metadata, err = b.shown(ctx, bucket, key, aws.ToString(in.VersionId), out.Metadata)
	}
	return out, err
}

// retain writes the lock onto the file before it has a name. versitygw writes the same
// once more afterwards, and refuses a bucket that has no object lock.
func (b *backend) retain(f *os.File, mode types.ObjectLockMode, in s3response.PutObjectInput) error {
	if b.sidecar || mode == "" {
		return nil
	}
	v, err := json.Marshal(types.ObjectLockRetention{Mode: types.ObjectLockRetentionMode(mode), RetainUntilDate: in.ObjectLockRetainUntilDate})
	if err != nil {
		return fmt.Errorf("render retention: %w", err)
	}
	if err := unix.Fsetxattr(int(f.Fd()), xattrPrefix+attrRetention, v, 0); err != nil {
		return fmt.Errorf("lock %s/%s: %w", *in.Bucket, *in.Key, err)
	}
	return nil
}

// CompleteMultipartUpload syncs the assembled data before it is named; the lock was
// given when the upload began and is on the file before it has a name.
func (b *backend) CompleteMultipartUpload(ctx context.Context, in *s3.CompleteMultipartUploadInput) (s3response.CompleteMultipartUploadResult, string, error) {
	bucket, key, upload := *in.Bucket, *in.Key, aws.ToString(in.UploadId)
	none := s3response.CompleteMultipartUploadResult{}
	end, err := b.begin(bucket, key)
	if err != nil {
		return none, "", err
	}
	defer end()
	defer b.locks.lock(bucket, key)()
	at, err := b.bring(bucket, key, upload)
	if err != nil {
		return none, "", err
	}
	metadata, err := b.optional(bucket, uploadDir(at, upload), attrMetadata)
	if err != nil {
		return none, "", err
	}
	mark, err := marked(ctx, metadata)
	if err != nil {
		return none, "", err
	}
	defer b.marks.put(bucket, at, underWay{mark, false})()
	of := *in
	of.Key = &at
	res, version, err := b.CompleteMultipartUploadWithCopy(ctx, &of, func(from, to *os.File) (bool, error) {
		if _, err := io.Copy(to, from); err != nil {
			return true, err
		}
		return true, to.Sync()
	})
	if err != nil {
		return res, version, again(err)
	}
	res.Key = &key
	return res, version, b.durable(bucket, at)
}

// durable syncs an object's attributes, its name, and the version it has replaced.
func (b *backend) durable(bucket, key string) error {
	if err := syncUp(b.objects, b.path(bucket, key)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if b.sidecar {
		return b.syncSidecar(bucket, key)
	}
	return b.syncVersions(bucket, key)
}

func (b *backend) syncVersions(bucket, key string) error {
	dir := b.versionDir(bucket, key)
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read versions of %s/%s: %w", bucket, key, err)
	}
	if n := len(entries); n > 0 { // they are in order of age: only the newest can be new
		if err := syncFile(filepath.Join(dir, entries[n-1].Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("make versions of %s/%s durable: %w", bucket, key, err)
		}
	}
	if err := syncUp(b.versions, dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (b *backend) syncSidecar(bucket, key string) error {
	root := filepath.Join(filepath.Dir(b.objects), "sidecar")
	dir := filepath.Join(root, bucket, key, "meta")
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read attributes of %s/%s: %w", bucket, key, err)
	}
	for _, e := range entries {
		if err := syncFile(filepath.Join(dir, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("make attributes of %s/%s durable: %w", bucket, key, err)
		}
	}
	if err := syncUp(root, dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// PutObjectRetention answers when the new lock is on the disk.
func (b *backend) PutObjectRetention(ctx context.Context, bucket, object, version string, retention []byte) error {
	defer b.locks.lock(bucket, object)()
	at := b.placed(bucket, object)
	if err := b.Posix.PutObjectRetention(ctx, bucket, at, version, retention); err != nil {
		return err
	}
	if version != "" && !b.sidecar {
		if err := syncFile(filepath.Join(b.versionDir(bucket, at), version)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("make the lock of %s/%s durable: %w", bucket, object, err)
		}
	}
	return b.durable(bucket, at)
}
