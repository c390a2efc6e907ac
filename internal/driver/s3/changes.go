package s3

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/greenlang/fournines/internal/driver/s3/feed"
	"github.com/greenlang/fournines/internal/fact"
)

// Changes reads the bucket's change feed after a position, or after its reader's own where after is
// nil: [ErrNotFound] where the endpoint keeps no feeds. A feed that nobody has begun has no ID.
func (s *Store) Changes(ctx context.Context, after *uint64) (Changed, error) {
	key := feed.Object
	if after != nil {
		key = feed.AfterPath + strconv.FormatUint(*after, 10)
	}
	p := Changed{Histories: map[string]fact.ObjectHistory{}}
	err := s.ask(ctx, key, &p.Page)
	told(p.Histories, p.Page.Histories)
	p.Page.Histories = nil
	return p, err
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

// Changed is a page of a change feed.
type Changed struct {
	feed.Page
	Histories map[string]fact.ObjectHistory // of keys that its changes name, with what their versions are copies of
}

// HistoriesOf returns what an endpoint that keeps feeds has of some keys, with what their versions are copies of, at
// a cost that no other key adds to: [ErrNotFound] where it keeps none. Those with more versions than [feed.Versions] are left
// out.
func (s *Store) HistoriesOf(ctx context.Context, keys []string) (map[string]fact.ObjectHistory, error) {
	out := make(map[string]fact.ObjectHistory, len(keys))
	for len(keys) > 0 {
		path, n := feed.KeysPath, 0
		for ; n < len(keys); n++ {
			next, fits := feed.AppendKey(path, keys[n])
			if !fits {
				break
			}
			path = next
		}
		var all []feed.History
		if err := s.ask(ctx, path, &all); err != nil {
			return nil, err
		}
		told(out, all)
		rest := keys[n:]
		if len(all) > 0 { // what there was no room for has more of it with the next ones
			for _, key := range keys[:n] {
				if _, ok := out[key]; !ok {
					rest = append(slices.Clip(rest), key)
				}
			}
		}
		keys = rest
	}
	return out, nil
}

// told reads histories as a feed's endpoint tells them.
func told(out map[string]fact.ObjectHistory, all []feed.History) {
	for _, h := range all {
		key := string(h.Key)
		of := make([]Entry, 0, len(h.Versions))
		told := map[string]feed.Version{}
		for _, v := range h.Versions {
			of = append(of, Entry{Key: key, Version: v.ID, Size: v.Size, ETag: v.ETag, Modified: time.UnixMilli(v.Modified), Latest: v.Latest, Marker: v.Marker})
			told[v.ID] = v
		}
		ordered := historyOf(of)
		ordered.Key = key
		for i, v := range ordered.Versions {
			if !v.Marker {
				ordered.Versions[i].Origin, ordered.Versions[i].Tombstone = originOf(told[v.ID].Metadata)
				ordered.Versions[i].Print = told[v.ID].Print
			}
		}
		out[key] = ordered
	}
}

// ask reads what the endpoint says of its feed.
func (s *Store) ask(ctx context.Context, key string, into any) error {
	ctx, cancel := context.WithCancelCause(ctx)
	out, err := s.client.GetObject(ctx, &awss3.GetObjectInput{Bucket: &s.bucket, Key: &key})
	if err != nil {
		cancel(nil)
		return s.fail("read changes of", feed.Object, "", err)
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
	return s.fail("read changes of", feed.Object, "", err)
}
