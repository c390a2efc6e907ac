package s3

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/greenlang/fournines/internal/driver/s3/feed"
	"github.com/greenlang/fournines/internal/fact"
)

// Histories yields every key below prefix with all its versions, in order of the keys. What
// they are copies of is left out: [Store.Origin] knows it.
func (s *Store) Histories(ctx context.Context, prefix string) iter.Seq2[fact.ObjectHistory, error] {
	return func(yield func(fact.ObjectHistory, error) bool) {
		var open []Entry // of one key, which the next page may go on with
		for page, err := range s.pages(ctx, prefix) {
			if err != nil {
				yield(fact.ObjectHistory{}, err)
				return
			}
			open = append(open, page...)
			slices.SortStableFunc(open, func(a, b Entry) int { return strings.Compare(a.Key, b.Key) })
			for len(open) > 0 && open[0].Key != open[len(open)-1].Key {
				n := slices.IndexFunc(open, func(e Entry) bool { return e.Key != open[0].Key })
				if !yield(historyOf(open[:n]), nil) {
					return
				}
				open = open[n:]
			}
		}
		if len(open) > 0 {
			yield(historyOf(open), nil)
		}
	}
}

// History returns all versions of one key; none where it was never written.
func (s *Store) History(ctx context.Context, key string) (fact.ObjectHistory, error) {
	var of []Entry
	for page, err := range s.pages(ctx, key) {
		if err != nil {
			return fact.ObjectHistory{}, err
		}
		n := len(page)
		page = slices.DeleteFunc(page, func(e Entry) bool { return e.Key != key })
		of = append(of, page...)
		if n > 0 && len(page) == 0 { // keys that only begin like it come after it
			break
		}
	}
	h := historyOf(of)
	h.Key = key
	return h, nil
}

// historyOf orders the versions of one key by age.
func historyOf(of []Entry) fact.ObjectHistory {
	h := fact.ObjectHistory{}
	slices.SortStableFunc(of, func(a, b Entry) int {
		switch {
		case a.Latest != b.Latest:
			if a.Latest {
				return 1
			}
			return -1
		default:
			return written(a).Compare(written(b))
		}
	})
	// Within one millisecond the ids tell, where they are in order of age.
	slices.SortStableFunc(of, func(a, b Entry) int {
		if a.Latest || b.Latest || !written(a).Equal(written(b)) {
			return 0
		}
		return strings.Compare(a.Version, b.Version)
	})
	for _, e := range of {
		h.Key = e.Key
		h.Versions = append(h.Versions, fact.ObjectVersion{ID: e.Version, Written: written(e), Size: e.Size, ETag: e.ETag, Marker: e.Marker})
	}
	return h
}

// written tells when a version was. versitygw dates an old version by when it was replaced,
// and has the truth in its id.
func written(e Entry) time.Time {
	if at, ok := idTime(e.Version); ok {
		return at
	}
	return e.Modified
}

func idTime(version string) (time.Time, bool) {
	id, err := ulid.ParseStrict(version)
	if err != nil {
		return time.Time{}, false
	}
	return ulid.Time(id.Time()), true
}

// originOf reads what a version is a copy of; zero where a client wrote it.
func originOf(mark map[string]string) (o fact.Origin, tombstone bool) {
	o, err := fact.ParseOrigin(mark[feed.MarkOrigin])
	if err != nil || o == (fact.Origin{}) {
		return fact.Origin{}, false
	}
	return o, mark[feed.MarkTombstone] != ""
}

// Origin completes a version by what it is a copy of: [ErrNotFound]. Delete markers have none.
func (s *Store) Origin(ctx context.Context, key string, v fact.ObjectVersion) (fact.ObjectVersion, error) {
	if v.Marker {
		return v, nil
	}
	i, err := s.head(ctx, key, v.ID, true)
	if err != nil {
		return v, s.fail("ask about", key, v.ID, err)
	}
	v.Origin, v.Tombstone = originOf(i.Metadata)
	return v, nil
}

// EnsureVersioned makes the bucket with versioning and without locks, or turns versioning on
// in one that is there, and reads it back: [ErrDenied], [ErrUnproved].
func (s *Store) EnsureVersioned(ctx context.Context) error {
	on, err := s.versioned(ctx)
	switch {
	case err == nil && on:
		return nil
	case err != nil && !errors.Is(kindOf(err), ErrNotFound):
		return s.fail("ask about", "", "", err)
	}
	if err := s.makeBucket(ctx, false); err != nil {
		return s.fail("make bucket", "", "", err)
	}
	if err := s.ensureVersioning(ctx); err != nil {
		return s.fail("turn on versioning of", "", "", fmt.Errorf("%w; objects that are not versioned cannot be replicated", err))
	}
	return nil
}
