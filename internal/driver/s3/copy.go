package s3

import (
	"bytes"
	"context"
	"crypto/md5" //nolint:gosec // it is what an ETag is made of; SHA-256 proves the copy
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/greenlang/fournines/internal/driver/s3/feed"
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
	return s.putCopy(ctx, key, body, over, PutOptions{Headers: info.Headers, Metadata: info.Metadata, mark: &feed.Mark{Origin: origin.String()}})
}

func (s *Store) putCopy(ctx context.Context, key string, body io.ReadSeeker, over Over, o PutOptions) (Over, error) {
	o.IfMatch, o.IfAbsent = over.ETag, over.ETag == ""
	stored, err := s.Put(ctx, key, body, o)
	if err != nil {
		return over, err
	}
	if stored.Recognized { // it is there; whose it is its mark tells
		if stored.Info, err = s.head(ctx, key, stored.Version, true); err != nil {
			return over, s.fail("read back", key, stored.Version, err)
		}
	}
	switch of := stored.Metadata[feed.MarkOrigin]; {
	case of == o.mark.Origin:
	case stored.Recognized || of != "": // the same bytes, of somebody else
		return over, s.fail("put", key, stored.Version, ErrExists)
	default:
		return over, s.fail("put", key, stored.Version, ErrUnmarked)
	}
	return Over{stored.ETag, stored.Version}, nil
}

// Bury puts the tombstone of a deletion, over which [Store.Mark] puts the delete marker. Its
// body is the origin, so that it has an ETag of its own.
func (s *Store) Bury(ctx context.Context, key string, origin fact.Origin, over Over) (Over, error) {
	return s.putCopy(ctx, key, strings.NewReader(origin.String()), over, PutOptions{mark: &feed.Mark{Origin: origin.String(), Tombstone: true}})
}

// KeepMarks prepares a store for copies: [ErrUnmarked] where it cannot tell them from what clients write.
func (s *Store) KeepMarks(ctx context.Context) error {
	key := feed.MarksPath
	_, err := s.client.PutObject(ctx, &awss3.PutObjectInput{Bucket: &s.bucket, Key: &key, Body: strings.NewReader("{}")})
	if kind := kindOf(err); err != nil && (errors.Is(kind, ErrNotFound) && codeOf(err) != "NoSuchBucket") {
		err = fmt.Errorf("%w: %w", ErrUnmarked, err)
	}
	return s.fail("prepare for copies", "", "", err)
}

// Mark hides the current version behind a delete marker, if it is the one that was seen; with
// nothing in over whatever it is.
func (s *Store) Mark(ctx context.Context, key string, over Over) error {
	_, err := s.client.DeleteObject(ctx, &awss3.DeleteObjectInput{Bucket: &s.bucket, Key: &key, IfMatch: optional(over.ETag)})
	return s.fail("delete", key, "", err)
}

// Shows tells whether clients get this version of a key now, or, if it is empty, nothing.
func (s *Store) Shows(ctx context.Context, key, version string) (bool, error) {
	i, err := s.head(ctx, key, "", false)
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
	o, err := s.open(ctx, key, version, false) // a client's metadata is its own, whatever it calls it
	if err != nil {
		return spool{}, Info{}, err
	}
	defer o.Body.Close() //nolint:errcheck // it was read to its end, or failed
	var out spool
	var sink io.Writer
	memory := &bytes.Buffer{}
	if sink = memory; o.Size > spoolAbove {
		if out.file, err = os.CreateTemp("", "fournines-object-"); err != nil {
			return out, o.Info, fmt.Errorf("make room for a body of %d bytes in %s: %w", o.Size, os.TempDir(), err)
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
