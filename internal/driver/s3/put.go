package s3

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/greenlang/fournines/internal/driver/s3/feed"
)

// PutOptions say how an object is to be kept.
type PutOptions struct {
	RetainUntil time.Time // COMPLIANCE lock, rounded up to a second; zero means none
	IfAbsent    bool      // refuse to replace another object
	IfMatch     string    // refuse to replace anything but the current version of this ETag
	Headers
	Metadata map[string]string // of the user; names in lower case
	SHA256   string            // what the caller believes the body to be, in hex; may be empty

	Plain bool // nothing is added to the metadata: it is as clients put it

	mark *feed.Mark // of a copy, which gets no metadata of ours
}

// Stored is what the endpoint was seen to hold after a put.
type Stored struct {
	Info
	Recognized bool // it was there already, from an earlier put of the same body
}

// metaSHA256 carries the whole body's digest, which S3 itself does not know of parts.
const metaSHA256 = "sha256"

// Put stores body under key and proves it: [ErrExists], [ErrUnproved], [ErrUnavailable].
// It reads body twice, and more often when it has to try again.
func (s *Store) Put(ctx context.Context, key string, body io.ReadSeeker, o PutOptions) (Stored, error) {
	if key == "" {
		return Stored{}, s.fail("put", key, "", errors.New("a key must name an object"))
	}
	d, err := digestOf(body)
	if err != nil {
		return Stored{}, fmt.Errorf("put %s/%s: %w", s.bucket, key, err)
	}
	if o.SHA256 != "" && !strings.EqualFold(o.SHA256, d.hex()) {
		return Stored{}, fmt.Errorf("put %s/%s: the body's SHA-256 is %s and should be %s; it changed since it was made, nothing was sent", s.bucket, key, d.hex(), o.SHA256)
	}
	o.RetainUntil = wholeSecond(o.RetainUntil)
	if o.mark != nil {
		o.mark.Sum, o.mark.Size = d.checksum(), d.size
	}
	version, err := s.upload(ctx, key, body, d, o)
	switch {
	case err == nil:
		return s.confirm(ctx, key, version, d, o)
	case o.IfAbsent && errors.Is(kindOf(err), ErrExists):
		return s.recognize(ctx, key, d, o)
	}
	return Stored{}, s.fail("put", key, "", err)
}

func (s *Store) upload(ctx context.Context, key string, body io.ReadSeeker, d digest, o PutOptions) (string, error) {
	if len(d.parts) > 0 {
		return s.uploadParts(ctx, key, body, d, o)
	}
	mode, until := lockOf(o)
	mark, err := marking(o)
	if err != nil {
		return "", err
	}
	out, err := s.client.PutObject(ctx, &awss3.PutObjectInput{
		Bucket: &s.bucket, Key: &key, Body: body, ContentLength: &d.size,
		ContentType: optional(o.ContentType), ContentEncoding: optional(o.ContentEncoding), ContentDisposition: optional(o.ContentDisposition), CacheControl: optional(o.CacheControl), ContentLanguage: optional(o.ContentLanguage), Expires: expires(o.Expires),
		ChecksumSHA256: aws.String(base64.StdEncoding.EncodeToString(d.sum[:])), Metadata: metadata(o, d),
		IfNoneMatch: ifAbsent(o), IfMatch: optional(o.IfMatch), ObjectLockMode: mode, ObjectLockRetainUntilDate: until,
	}, unsignedBody, mark)
	if err != nil {
		return "", err
	}
	return aws.ToString(out.VersionId), nil
}

// confirm reads back what a put has made.
func (s *Store) confirm(ctx context.Context, key, version string, d digest, o PutOptions) (Stored, error) {
	var i Info
	var err error
	if o.RetainUntil.IsZero() {
		i, err = s.head(ctx, key, version, o.mark != nil)
	} else {
		i, err = s.look(ctx, key, version)
	}
	if errors.Is(kindOf(err), ErrNotFound) { // it said that it has stored it
		return Stored{}, &Error{Op: "read back", Endpoint: s.endpoint, Bucket: s.bucket, Key: key, Version: version, Kind: ErrUnproved, Err: err}
	}
	if err != nil {
		return Stored{}, s.fail("read back", key, version, err)
	}
	if err := i.same(d); err != nil {
		return Stored{}, s.fail("read back", key, version, fmt.Errorf("%w: %w", ErrUnproved, err))
	}
	if err := i.lockedFrom(o.RetainUntil, true); err != nil {
		return Stored{}, s.fail("read back", key, i.Version, fmt.Errorf("%w: %w", ErrUnproved, err))
	}
	return Stored{Info: i}, nil
}

// recognize finds out whether the object that is in the way is ours, from a put whose
// answer was lost, and completes its lock if that is missing.
func (s *Store) recognize(ctx context.Context, key string, d digest, o PutOptions) (Stored, error) {
	i, err := s.look(ctx, key, "")
	if err != nil {
		return Stored{}, s.fail("compare with", key, "", err)
	}
	if err := i.same(d); err != nil {
		return Stored{}, s.fail("put", key, "", fmt.Errorf("%w: %w", ErrExists, err))
	}
	if i.lockedFrom(o.RetainUntil, false) == nil {
		return Stored{Info: i, Recognized: true}, nil
	}
	i, err = s.ExtendRetention(ctx, key, i.Version, o.RetainUntil)
	return Stored{Info: i, Recognized: err == nil}, err
}

// same compares an object with a body, by the endpoint's own checksum.
func (i Info) same(d digest) error {
	switch {
	case i.Size != d.size:
		return fmt.Errorf("it has %d bytes, the body has %d", i.Size, d.size)
	case i.checksum != d.checksum():
		return fmt.Errorf("its SHA-256 is %q, the body's is %q", i.checksum, d.checksum())
	}
	return nil
}

// lockedFrom tells whether an object is locked until the asked time, or longer unless exactly.
func (i Info) lockedFrom(until time.Time, exactly bool) error {
	switch {
	case until.IsZero():
		return nil
	case i.Mode != Compliance:
		return fmt.Errorf("its lock is %q, not %s", i.Mode, Compliance)
	case i.RetainUntil.Before(until), exactly && !i.RetainUntil.Equal(until):
		return fmt.Errorf("it is locked until %s, not %s", i.RetainUntil.Format(time.RFC3339), until.Format(time.RFC3339))
	}
	return nil
}

func lockOf(o PutOptions) (types.ObjectLockMode, *time.Time) {
	if o.RetainUntil.IsZero() {
		return "", nil
	}
	return types.ObjectLockModeCompliance, &o.RetainUntil
}

func ifAbsent(o PutOptions) *string {
	if o.IfAbsent {
		return aws.String("*")
	}
	return nil
}

// metadata is what the user gave, with the digest unless it is plain; a copy's is that of what it is a copy of.
func metadata(o PutOptions, d digest) map[string]string {
	if o.Plain || o.mark != nil {
		return o.Metadata
	}
	out := maps.Clone(o.Metadata)
	if out == nil {
		out = map[string]string{}
	}
	out[metaSHA256] = d.hex()
	return out
}

// marking adds the mark of a copy to a request.
func marking(o PutOptions) (func(*awss3.Options), error) {
	if o.mark == nil {
		return func(*awss3.Options) {}, nil
	}
	text, err := o.mark.Header()
	return withHeader(feed.MarkHeader, text), err
}

func withHeader(name, value string) func(*awss3.Options) {
	return func(o *awss3.Options) { o.APIOptions = append(o.APIOptions, smithyhttp.SetHeaderValue(name, value)) }
}

// expires reads the header as endpoints write it; nil: there is none, or it is no time.
func expires(text string) *time.Time {
	t, err := http.ParseTime(text)
	if err != nil {
		return nil
	}
	return &t
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// wholeSecond rounds up: endpoints keep whole seconds, and none may keep less than was asked.
func wholeSecond(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	u := t.UTC().Truncate(time.Second)
	if u.Before(t) {
		u = u.Add(time.Second)
	}
	return u
}
