package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/s3err"
	"github.com/versity/versitygw/s3response"

	"github.com/greenlang/fournines/internal/driver/s3/feed"
)

// attrFeed names, on a bucket, its change feed: one that lies beside another bucket's objects,
// or beside none, is not its feed.
const attrFeed = "fournines-changes"

// feeds are the buckets' change feeds.
type feeds struct {
	dir string
	mu  sync.Mutex // guards of
	of  map[string]*feed.Feed
}

// changes returns a bucket's feed.
func (b *backend) changes(bucket string) (*feed.Feed, error) {
	b.feeds.mu.Lock()
	defer b.feeds.mu.Unlock()
	if f := b.feeds.of[bucket]; f != nil {
		return f, nil
	}
	bucket = strings.Clone(bucket) // it lies in the request's buffer, which the next one writes over
	bound, err := b.attributes.RetrieveAttribute(nil, bucket, "", attrFeed)
	switch {
	case errors.Is(err, meta.ErrNoSuchKey):
	case errors.Is(err, fs.ErrNotExist):
		return nil, s3err.GetBucketErr(s3err.ErrNoSuchBucket, bucket)
	case err != nil:
		return nil, fmt.Errorf("ask which change feed %s has: %w", bucket, err)
	}
	f, err := feed.Open(filepath.Join(b.feeds.dir, bucket), string(bound), func(id string) error {
		if err := b.attributes.StoreAttribute(nil, bucket, "", attrFeed, []byte(id)); err != nil {
			return err
		}
		return syncFile(filepath.Join(b.objects, bucket))
	})
	if err != nil {
		return nil, err
	}
	b.feeds.of[bucket] = f
	return f, nil
}

// forget throws a bucket's feed away, as when the bucket is made or removed.
func (b *backend) forget(bucket string) error {
	b.feeds.mu.Lock()
	defer b.feeds.mu.Unlock()
	if f := b.feeds.of[bucket]; f != nil {
		delete(b.feeds.of, bucket)
		if err := f.Discard(); err != nil {
			return err
		}
	}
	if err := os.RemoveAll(filepath.Join(b.feeds.dir, bucket)); err != nil {
		return fmt.Errorf("throw change feed of %s away: %w", bucket, err)
	}
	return nil
}

// begin names a key that is about to change; end must be called once it has.
func (b *backend) begin(bucket, key string) (end func(), err error) {
	f, err := b.changes(bucket)
	if err != nil {
		return nil, err
	}
	return f.Begin(key)
}

// reserved tells whether a key is a feed's, and so nobody's to write.
func reserved(key string) bool { return key == feed.Object || strings.HasPrefix(key, feed.Object+"/") }

var errReserved = s3err.GetAPIError(s3err.ErrMethodNotAllowed)

// answer serves what a feed is asked.
func (b *backend) answer(bucket, key string) (*s3.GetObjectOutput, error) {
	var said any
	f, err := b.changes(bucket)
	if err != nil {
		return nil, err
	}
	after, isAfter := strings.CutPrefix(key, feed.AfterPath)
	of, isKeys := strings.CutPrefix(key, feed.KeysPath)
	switch {
	case key == feed.Object:
		said = b.page(bucket, f.Read(nil))
	case isAfter:
		n, failed := strconv.ParseUint(after, 10, 62)
		if failed != nil {
			return nil, s3err.GetAPIError(s3err.ErrNoSuchKey)
		}
		said = b.page(bucket, f.Read(&n))
	case isKeys:
		keys, failed := feed.ParseKeys(of)
		if failed != nil {
			return nil, s3err.GetAPIError(s3err.ErrNoSuchKey)
		}
		said = b.histories(bucket, keys)
	default:
		return nil, s3err.GetAPIError(s3err.ErrNoSuchKey)
	}
	body, err := json.Marshal(said)
	if err != nil {
		return nil, fmt.Errorf("render changes of %s: %w", bucket, err)
	}
	return &s3.GetObjectOutput{Body: io.NopCloser(bytes.NewReader(body)), ContentLength: aws.Int64(int64(len(body))), ContentType: aws.String("application/json")}, nil
}

// page adds the histories of the keys that a page names.
func (b *backend) page(bucket string, p feed.Page) feed.Page {
	var keys []string
	named := map[string]bool{}
	for _, c := range p.Changes {
		if key := string(c.Key); !named[key] && len(keys) < feed.PageHistories {
			named[key] = true
			keys = append(keys, key)
		}
	}
	p.Histories = b.histories(bucket, keys)
	return p
}

// confirm takes what the feed's reader has dealt with.
func (b *backend) confirm(in s3response.PutObjectInput) (s3response.PutObjectOutput, error) {
	var out s3response.PutObjectOutput
	switch *in.Key {
	case feed.Object:
	case feed.MarksPath:
		return out, b.keepMarks(*in.Bucket, time.Now())
	default:
		return out, errReserved
	}
	body, err := io.ReadAll(io.LimitReader(in.Body, feed.MaxBytes+1))
	if err != nil {
		return out, fmt.Errorf("read confirmation of changes of %s: %w", *in.Bucket, err)
	}
	var c feed.Confirmation
	if len(body) > feed.MaxBytes || json.Unmarshal(body, &c) != nil {
		return out, s3err.GetAPIError(s3err.ErrInvalidRequest)
	}
	f, err := b.changes(*in.Bucket)
	if err != nil {
		return out, err
	}
	if err = f.Confirm(c); errors.Is(err, feed.ErrOther) {
		return out, s3err.GetPreconditionFailedErr(s3err.ConditionIfMatch)
	}
	return out, err
}

// CreateBucket begins without a feed: one that is still there is of a bucket that is lost.
func (b *backend) CreateBucket(ctx context.Context, in *s3.CreateBucketInput, acl []byte) error {
	if _, err := os.Lstat(b.path(*in.Bucket, "")); errors.Is(err, fs.ErrNotExist) {
		if err := b.forget(*in.Bucket); err != nil {
			return err
		}
	}
	if err := b.Posix.CreateBucket(ctx, in, acl); err != nil {
		return err
	}
	return b.keepMarks(*in.Bucket, time.UnixMilli(0)) // none of its objects is older than that
}

// DeleteBucket takes the bucket's feed along. versitygw sees nothing of what is kept apart.
func (b *backend) DeleteBucket(ctx context.Context, bucket string) error {
	keys, err := b.keysApart(bucket, "", "")
	if err != nil {
		return err
	}
	if len(keys) > 0 {
		return s3err.GetBucketErr(s3err.ErrBucketNotEmpty, bucket)
	}
	if err := b.Posix.DeleteBucket(ctx, bucket); err != nil {
		return err
	}
	return b.forget(bucket)
}
