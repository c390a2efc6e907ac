package gateway

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/oklog/ulid/v2"
	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/s3err"
	"github.com/versity/versitygw/s3response"
	"golang.org/x/sys/unix"
)

const nullVersion = "null"

// versionDir is where versitygw keeps what was once current under key.
func (b *backend) versionDir(bucket, key string) string {
	sum := sha256.Sum256([]byte(key))
	name := hex.EncodeToString(sum[:])
	return filepath.Join(b.versions, bucket, name[:2], name[2:4], name[4:6], name)
}

// DeleteObject deletes in one step what versitygw deletes in several. Locks were checked
// before it is called. What needs no second step, or is not ours to decide, goes to versitygw.
func (b *backend) DeleteObject(ctx context.Context, in *s3.DeleteObjectInput) (*s3.DeleteObjectOutput, error) {
	bucket, key, version := *in.Bucket, aws.ToString(in.Key), aws.ToString(in.VersionId)
	if reserved(key) {
		return nil, errReserved
	}
	end, err := b.begin(bucket, key)
	if err != nil {
		return nil, err
	}
	defer end()
	at := b.placed(bucket, key)
	of := *in
	of.Key = &at
	conditional := (in.IfMatch != nil && version != "") || in.IfMatchSize != nil || in.IfMatchLastModifiedTime != nil
	switch {
	case key == "" || strings.HasSuffix(at, "/"):
		return b.Posix.DeleteObject(ctx, &of)
	case b.sidecar:
		return b.deleteWithAttributes(ctx, key, &of)
	case conditional:
		return b.Posix.DeleteObject(ctx, &of)
	}
	state, err := b.GetBucketVersioning(ctx, bucket)
	if err != nil || state.Status == nil || *state.Status != types.BucketVersioningStatusEnabled {
		return b.Posix.DeleteObject(ctx, &of)
	}
	defer b.locks.lock(bucket, key)()
	if b.placed(bucket, key) != at {
		return nil, errMoved
	}
	path := b.path(bucket, at)
	if info, err := os.Lstat(path); err != nil || !info.Mode().IsRegular() {
		return b.Posix.DeleteObject(ctx, &of)
	}
	current, err := attribute(path, attrVersion)
	if err != nil {
		return nil, err
	}
	if current == "" {
		current = nullVersion
	}
	if in.IfMatch != nil { // under the lock, so that nothing comes between
		etag, err := attribute(path, attrETag)
		if err != nil {
			return nil, err
		}
		if strings.Trim(etag, `"`) != strings.Trim(*in.IfMatch, `"`) {
			return nil, s3err.GetPreconditionFailedErr(s3err.ConditionIfMatch)
		}
	}
	switch older := b.newest(bucket, at, current); {
	case version == "":
		return b.hide(bucket, at, current)
	case version == current && older != "":
		return b.bringBack(bucket, at, current, older)
	}
	return b.Posix.DeleteObject(ctx, &of)
}

// deleteWithAttributes also removes the attributes in files, which versitygw leaves behind
// with an object's last version: no put with If-None-Match would be taken there again.
func (b *backend) deleteWithAttributes(ctx context.Context, named string, in *s3.DeleteObjectInput) (*s3.DeleteObjectOutput, error) {
	bucket, key := *in.Bucket, *in.Key
	defer b.locks.lock(bucket, named)()
	forget := func() error {
		if _, err := os.Lstat(b.path(bucket, key)); !errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return b.attributes.DeleteAttributes(bucket, key)
	}
	if err := forget(); err != nil {
		return nil, err
	}
	out, err := b.Posix.DeleteObject(ctx, in)
	if err != nil {
		return out, err
	}
	if aws.ToString(in.VersionId) == "" && aws.ToBool(out.DeleteMarker) { // with an ETag it would count as an object to who puts if absent
		if err := b.attributes.DeleteAttribute(bucket, key, attrETag); err != nil && !errors.Is(err, meta.ErrNoSuchKey) {
			return out, err
		}
	}
	return out, forget()
}

// DeleteObjects deletes one after another, as versitygw does.
func (b *backend) DeleteObjects(ctx context.Context, in *s3.DeleteObjectsInput) (s3response.DeleteResult, error) {
	var res s3response.DeleteResult
	for _, o := range in.Delete.Objects {
		out, err := b.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: in.Bucket, Key: o.Key, VersionId: o.VersionId})
		if err != nil {
			res.Error = append(res.Error, s3err.ObjectDeleteError(o.Key, o.VersionId, err))
			continue
		}
		d := types.DeletedObject{Key: o.Key, VersionId: o.VersionId, DeleteMarker: out.DeleteMarker}
		if aws.ToBool(out.DeleteMarker) {
			d.DeleteMarkerVersionId = out.VersionId
		}
		res.Deleted = append(res.Deleted, d)
	}
	return res, nil
}

// newest names the version that was current before, or nothing. A crash may have left
// the current one there too.
func (b *backend) newest(bucket, key, current string) string {
	entries, err := os.ReadDir(b.versionDir(bucket, key))
	if err != nil {
		return ""
	}
	null := ""
	for _, e := range slices.Backward(entries) {
		switch name := e.Name(); {
		case name == current || strings.HasPrefix(name, "."):
		case name == nullVersion: // written before versioning, so the oldest
			null = nullVersion
		default:
			return name
		}
	}
	return null
}

// hide puts a delete marker in the place of the current version, which moves to the old
// ones by a second link: it is never without a name.
func (b *backend) hide(bucket, key, current string) (*s3.DeleteObjectOutput, error) {
	path, dir := b.path(bucket, key), b.versionDir(bucket, key)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("keep version of %s/%s: %w", bucket, key, err)
	}
	kept := filepath.Join(dir, current)
	if err := os.Remove(kept); err != nil && !errors.Is(err, fs.ErrNotExist) { // left by a crash
		return nil, fmt.Errorf("keep version of %s/%s: %w", bucket, key, err)
	}
	if err := os.Link(path, kept); err != nil {
		return nil, fmt.Errorf("keep version of %s/%s: %w", bucket, key, err)
	}
	id := ulid.Make().String()
	tmp := filepath.Join(b.objects, bucket, posix.MetaTmpDir, "marker."+id)
	if err := writeMarker(tmp, id); err != nil {
		return nil, fmt.Errorf("mark %s/%s as deleted: %w", bucket, key, err)
	}
	if err := os.Rename(tmp, path); err != nil {
		return nil, errors.Join(fmt.Errorf("mark %s/%s as deleted: %w", bucket, key, err), os.Remove(tmp))
	}
	return &s3.DeleteObjectOutput{DeleteMarker: aws.Bool(true), VersionId: &id}, errors.Join(syncUp(b.versions, dir), syncUp(b.objects, path))
}

func writeMarker(path, version string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	fd := int(f.Fd())
	return errors.Join(
		unix.Fsetxattr(fd, xattrPrefix+attrVersion, []byte(version), 0),
		unix.Fsetxattr(fd, xattrPrefix+attrMarker, nil, 0),
		f.Sync(), f.Close())
}

// bringBack replaces the current version by the one before it.
func (b *backend) bringBack(bucket, key, current, older string) (*s3.DeleteObjectOutput, error) {
	path, dir := b.path(bucket, key), b.versionDir(bucket, key)
	marker := hasAttribute(path, attrMarker)
	if err := os.Rename(filepath.Join(dir, older), path); err != nil {
		return nil, fmt.Errorf("delete version %s of %s/%s: %w", current, bucket, key, err)
	}
	// A stale copy of the deleted version would come back with the next deletion.
	if err := os.Remove(filepath.Join(dir, current)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("delete version %s of %s/%s: %w", current, bucket, key, err)
	}
	for range 4 { // the key's directory and the three above it, as far as they are empty
		if os.Remove(dir) != nil {
			break
		}
		dir = filepath.Dir(dir)
	}
	return &s3.DeleteObjectOutput{DeleteMarker: &marker, VersionId: &current}, syncUp(b.objects, path)
}
