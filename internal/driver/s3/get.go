package s3

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/greenlang/fournines/internal/driver/s3/feed"
)

// The modes of a lock. Nobody can shorten or remove a COMPLIANCE lock.
const (
	Compliance = "COMPLIANCE"
	Governance = "GOVERNANCE"
)

// Headers are what clients get with an object, as it was put.
type Headers struct {
	ContentType        string `json:"content_type,omitempty"`
	ContentEncoding    string `json:"content_encoding,omitempty"`
	ContentDisposition string `json:"content_disposition,omitempty"`
	CacheControl       string `json:"cache_control,omitempty"`
	ContentLanguage    string `json:"content_language,omitempty"`
	Expires            string `json:"expires,omitempty"`
}

// Info is what the endpoint says of one version of an object.
type Info struct {
	Key     string `json:"key"`
	Version string `json:"version"`
	Size    int64  `json:"size"`             // bytes
	SHA256  string `json:"sha256,omitempty"` // of the whole body, hex; empty if it was not stored by us
	ETag    string `json:"etag,omitempty"`   // without quotes
	Headers
	Metadata    map[string]string `json:"metadata,omitempty"` // of the user, names in lower case
	Modified    time.Time         `json:"modified"`
	Mode        string            `json:"mode,omitempty"` // of its lock
	RetainUntil time.Time         `json:"retain_until,omitzero"`

	checksum string // as the endpoint computed it
}

// Head asks about one version, or about the current one if version is empty: [ErrNotFound].
func (s *Store) Head(ctx context.Context, key, version string) (Info, error) {
	i, err := s.look(ctx, key, version)
	return i, s.fail("ask about", key, version, err)
}

// look is head with the lock, which some endpoints leave out of what they say of old versions.
func (s *Store) look(ctx context.Context, key, version string) (Info, error) {
	i, err := s.head(ctx, key, version, false)
	if err != nil || i.Mode != "" {
		return i, err
	}
	i.Mode, i.RetainUntil, err = s.retention(ctx, key, i.Version)
	return i, err
}

// head asks about one version. With its mark the metadata names what it is a copy of, and no client can have put that.
func (s *Store) head(ctx context.Context, key, version string, marks bool) (Info, error) {
	with := func(*awss3.Options) {}
	if marks {
		with = withHeader(feed.MarkHeader, feed.AskMark)
	}
	out, err := s.client.HeadObject(ctx, &awss3.HeadObjectInput{Bucket: &s.bucket, Key: &key, VersionId: optional(version), ChecksumMode: types.ChecksumModeEnabled}, with)
	if err != nil {
		return Info{}, err
	}
	i := Info{
		Key: key, Version: aws.ToString(out.VersionId), Size: aws.ToInt64(out.ContentLength), SHA256: out.Metadata[metaSHA256],
		ETag: unquoted(out.ETag), Headers: headers(out.ContentType, out.ContentEncoding, out.ContentDisposition, out.CacheControl, out.ContentLanguage, out.ExpiresString), Metadata: lower(out.Metadata), Modified: aws.ToTime(out.LastModified),
		Mode: string(out.ObjectLockMode), RetainUntil: aws.ToTime(out.ObjectLockRetainUntilDate), checksum: aws.ToString(out.ChecksumSHA256),
	}
	if i.Version == "" {
		i.Version = version
	}
	return i, nil
}

func headers(kind, encoding, disposition, cache, language, expires *string) Headers {
	return Headers{aws.ToString(kind), aws.ToString(encoding), aws.ToString(disposition), aws.ToString(cache), aws.ToString(language), aws.ToString(expires)}
}

// lower writes the names of metadata as they were given: endpoints change their case.
func lower(m map[string]string) map[string]string {
	out := make(map[string]string, len(m))
	for k, v := range m {
		out[strings.ToLower(k)] = v
	}
	return out
}

func unquoted(etag *string) string { return strings.Trim(aws.ToString(etag), `"`) }

// Object is an open object. Its Body fails at the end when it is not what was stored.
type Object struct {
	Info
	Body io.ReadCloser
}

// Get opens one version, or the current one if version is empty: [ErrNotFound]. The
// caller closes Body, and uses nothing of it before it has ended with io.EOF. Of old
// versions some endpoints leave the lock out here; [Store.Head] knows it.
func (s *Store) Get(ctx context.Context, key, version string) (*Object, error) {
	return s.open(ctx, key, version, true)
}

// open is Get; ours says that metadata can hold the digest that [Store.Put] gives.
func (s *Store) open(ctx context.Context, key, version string, ours bool) (*Object, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	out, err := s.client.GetObject(ctx, &awss3.GetObjectInput{Bucket: &s.bucket, Key: &key, VersionId: optional(version)})
	if err != nil {
		cancel(nil)
		return nil, s.fail("get", key, version, err)
	}
	o := &Object{Info: Info{
		Key: key, Version: aws.ToString(out.VersionId), Size: aws.ToInt64(out.ContentLength), SHA256: out.Metadata[metaSHA256],
		ETag: unquoted(out.ETag), Headers: headers(out.ContentType, out.ContentEncoding, out.ContentDisposition, out.CacheControl, out.ContentLanguage, out.ExpiresString), Metadata: lower(out.Metadata), Modified: aws.ToTime(out.LastModified),
		Mode: string(out.ObjectLockMode), RetainUntil: aws.ToTime(out.ObjectLockRetainUntilDate),
	}}
	if !ours {
		o.SHA256 = ""
	}
	o.Body = &checkedBody{ReadCloser: newStallBody(ctx, cancel, out.Body, s.stall), store: s, info: o.Info, hash: sha256.New()}
	return o, nil
}

// checkedBody compares length and digest when the body ends.
type checkedBody struct {
	io.ReadCloser
	store *Store
	info  Info
	hash  hash.Hash
	read  int64
}

func (c *checkedBody) Read(b []byte) (int, error) {
	n, err := c.ReadCloser.Read(b)
	c.hash.Write(b[:n])
	c.read += int64(n)
	switch {
	case err == nil:
		return n, nil
	case !errors.Is(err, io.EOF):
		return n, c.store.fail("get", c.info.Key, c.info.Version, err)
	case c.read != c.info.Size:
		return n, c.store.fail("get", c.info.Key, c.info.Version, fmt.Errorf("%w: %d of %d bytes came", ErrUnavailable, c.read, c.info.Size))
	}
	if got := hex.EncodeToString(c.hash.Sum(nil)); c.info.SHA256 != "" && !strings.EqualFold(got, c.info.SHA256) {
		return n, c.store.fail("get", c.info.Key, c.info.Version, fmt.Errorf("%w: the SHA-256 of what came is %s, stored was %s", ErrUnproved, got, c.info.SHA256))
	}
	return n, io.EOF
}
