package s3

import (
	"bytes"
	"context"
	"crypto/md5" //nolint:gosec // it is what an ETag is made of; SHA-256 proves the copy
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"strings"
	"time"

	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/greenlang/fournines/internal/fact"
)

// Over is what a copy may replace: the current version as it was seen, or nothing.
type Over struct{ ETag, Version string }

// OverLatest names the current version of a history as what may be replaced.
func OverLatest(h fact.ObjectHistory) Over {
	v := h.Latest()
	if v.Marker {
		return Over{}
	}
	return Over{v.ETag, v.ID}
}

// spoolAbove is the size above which a body waits in a file instead of memory, in bytes.
const spoolAbove = 8 << 20

// CopyFrom puts one version of from under the same key, with its origin, and proves it by the
// digest of what was read: [ErrExists] or [ErrNotFound] where something else than over is
// there by now, [ErrUnproved]. It returns what the next copy may replace.
func (s *Store) CopyFrom(ctx context.Context, from *Store, key, version string, origin fact.Origin, over Over) (Over, error) {
	body, info, err := from.fetch(ctx, key, version)
	if err != nil {
		return over, err
	}
	defer body.Close() //nolint:errcheck // its file has no name any more
	meta := maps.Clone(info.Metadata)
	for _, ours := range []string{metaSHA256, metaTombstone} {
		delete(meta, ours)
	}
	meta[metaOrigin], meta[metaCopied] = origin.String(), stamp(key, time.Now())
	return s.putCopy(ctx, key, body, over, PutOptions{Headers: info.Headers, Metadata: meta})
}

func (s *Store) putCopy(ctx context.Context, key string, body io.ReadSeeker, over Over, o PutOptions) (Over, error) {
	o.IfMatch, o.IfAbsent = over.ETag, over.ETag == ""
	stored, err := s.Put(ctx, key, body, o)
	if err == nil && stored.Metadata[metaOrigin] != o.Metadata[metaOrigin] { // the same bytes, of somebody else
		err = s.fail("put", key, stored.Version, ErrExists)
	}
	return Over{stored.ETag, stored.Version}, err
}

// Bury puts the tombstone of a deletion, over which [Store.Mark] puts the delete marker. Its
// body is the origin, so that it has an ETag of its own.
func (s *Store) Bury(ctx context.Context, key string, origin fact.Origin, over Over) (Over, error) {
	meta := map[string]string{metaOrigin: origin.String(), metaCopied: stamp(key, time.Now()), metaTombstone: "1"}
	return s.putCopy(ctx, key, strings.NewReader(origin.String()), over, PutOptions{Metadata: meta})
}

// Mark hides the current version behind a delete marker, if it is the one that was seen; with
// nothing in over whatever it is.
func (s *Store) Mark(ctx context.Context, key string, over Over) error {
	_, err := s.client.DeleteObject(ctx, &awss3.DeleteObjectInput{Bucket: &s.bucket, Key: &key, IfMatch: optional(over.ETag)})
	return s.fail("delete", key, "", err)
}

// Shows tells whether clients get this version of a key now, or, if it is empty, nothing.
func (s *Store) Shows(ctx context.Context, key, version string) (bool, error) {
	i, err := s.head(ctx, key, "")
	if errors.Is(kindOf(err), ErrNotFound) {
		return version == "", nil
	}
	return i.Version == version, s.fail("ask about", key, "", err)
}

// spool is a body that can be read more than once.
type spool struct {
	io.ReadSeeker
	file *os.File // nil: it is in memory
}

func (s spool) Close() error {
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}

// fetch reads a version whole and checks it against its ETag, where that is an MD5, and its digest.
func (s *Store) fetch(ctx context.Context, key, version string) (spool, Info, error) {
	o, err := s.Get(ctx, key, version)
	if err != nil {
		return spool{}, Info{}, err
	}
	defer o.Body.Close() //nolint:errcheck // it was read to its end, or failed
	var out spool
	var sink io.Writer
	memory := &bytes.Buffer{}
	if sink = memory; o.Size > spoolAbove {
		if out.file, err = os.CreateTemp("", "fournines-object-"); err != nil {
			return out, o.Info, fmt.Errorf("make room for %s/%s: %w", s.bucket, key, err)
		}
		if err := os.Remove(out.file.Name()); err != nil { // it ends with us
			return out, o.Info, errors.Join(err, out.file.Close())
		}
		sink = out.file
	}
	sum := md5.New() //nolint:gosec // as above
	if _, err := io.Copy(io.MultiWriter(sink, sum), o.Body); err != nil {
		return out, o.Info, errors.Join(err, out.Close())
	}
	if got := hex.EncodeToString(sum.Sum(nil)); len(o.ETag) == len(got) && o.ETag != got {
		return out, o.Info, errors.Join(s.fail("get", key, version, fmt.Errorf("%w: the MD5 of what came is %s, its ETag is %s", ErrUnproved, got, o.ETag)), out.Close())
	}
	if out.ReadSeeker = bytes.NewReader(memory.Bytes()); out.file != nil {
		out.ReadSeeker = out.file
	}
	return out, o.Info, nil
}
