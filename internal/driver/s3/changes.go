package s3

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/greenlang/fournines/internal/driver/s3/feed"
	"github.com/greenlang/fournines/internal/fact"
)

// Changes reads the bucket's change feed after a position, or after its reader's own where after is
// nil: [ErrNotFound] where the endpoint keeps no feeds. A feed that nobody has begun has no ID.
func (s *Store) Changes(ctx context.Context, after *uint64) (feed.Page, error) {
	key := feed.Object
	if after != nil {
		key = feed.AfterPath + strconv.FormatUint(*after, 10)
	}
	var p feed.Page
	return p, s.ask(ctx, key, &p)
}

// Confirm tells the change feed what its reader has dealt with, or begins one: [ErrExists] where
// the feed is another by now. What was confirmed is kept durably, and trimmed.
func (s *Store) Confirm(ctx context.Context, c feed.Confirmation) error {
	b, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("render confirmation of changes: %w", err)
	}
	key := feed.Object
	_, err = s.client.PutObject(ctx, &awss3.PutObjectInput{Bucket: &s.bucket, Key: &key, Body: bytes.NewReader(b)})
	return s.fail("confirm changes of", key, "", err)
}

// HistoryAlone returns what History does from an endpoint that keeps feeds, at a cost that no other key adds to.
func (s *Store) HistoryAlone(ctx context.Context, key string) (fact.ObjectHistory, error) {
	var all []feed.Version
	if err := s.ask(ctx, feed.KeyPath+key, &all); err != nil {
		return fact.ObjectHistory{}, err
	}
	of := make([]Entry, 0, len(all))
	for _, v := range all {
		of = append(of, Entry{Key: key, Version: v.ID, Size: v.Size, ETag: v.ETag, Modified: time.UnixMilli(v.Modified), Latest: v.Latest, Marker: v.Marker})
	}
	h := historyOf(of)
	h.Key = key
	return h, nil
}

// ask reads what the endpoint says of its feed.
func (s *Store) ask(ctx context.Context, key string, into any) error {
	ctx, cancel := context.WithCancelCause(ctx)
	out, err := s.client.GetObject(ctx, &awss3.GetObjectInput{Bucket: &s.bucket, Key: &key})
	if err != nil {
		cancel(nil)
		return s.fail("read changes of", key, "", err)
	}
	body := newStallBody(ctx, cancel, out.Body, s.stall)
	b, err := io.ReadAll(io.LimitReader(body, feed.MaxBytes+1))
	err = errors.Join(err, body.Close())
	if err == nil && len(b) > feed.MaxBytes {
		err = fmt.Errorf("%w: an answer of more than %d MiB", ErrUnproved, feed.MaxBytes>>20)
	}
	if err == nil {
		if err = json.Unmarshal(b, into); err != nil {
			err = fmt.Errorf("%w: %w", ErrUnproved, err)
		}
	}
	return s.fail("read changes of", key, "", err)
}
