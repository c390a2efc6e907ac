package s3

import (
	"context"
	"iter"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
)

// Entry is one line of a listing.
type Entry struct {
	Key      string    `json:"key"`
	Version  string    `json:"version,omitempty"` // in listings of versions
	Size     int64     `json:"size"`              // bytes
	ETag     string    `json:"etag,omitempty"`    // in listings of versions, without quotes
	Modified time.Time `json:"modified"`
	Latest   bool      `json:"latest"` // it is the current version
	Marker   bool      `json:"marker"` // a delete marker: the key looks empty
}

// List yields the current objects below prefix in order of their keys, page by page.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		pages := awss3.NewListObjectsV2Paginator(s.client, &awss3.ListObjectsV2Input{Bucket: &s.bucket, Prefix: &prefix})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield(Entry{}, s.fail("list", prefix, "", err))
				return
			}
			for _, o := range page.Contents {
				if !yield(Entry{Key: aws.ToString(o.Key), Size: aws.ToInt64(o.Size), Modified: aws.ToTime(o.LastModified), Latest: true}, nil) {
					return
				}
			}
		}
	}
}

// Versions yields every version and delete marker below prefix; of one page the versions first.
func (s *Store) Versions(ctx context.Context, prefix string) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for page, err := range s.pages(ctx, prefix) {
			if err != nil {
				yield(Entry{}, err)
				return
			}
			for _, e := range page {
				if !yield(e, nil) {
					return
				}
			}
		}
	}
}

// pages yields what Versions does, page by page: all of a key is on one page, or goes on at
// the beginning of the next.
func (s *Store) pages(ctx context.Context, prefix string) iter.Seq2[[]Entry, error] {
	return func(yield func([]Entry, error) bool) {
		pages := awss3.NewListObjectVersionsPaginator(s.client, &awss3.ListObjectVersionsInput{Bucket: &s.bucket, Prefix: &prefix})
		var versions, markers once
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield(nil, s.fail("list versions of", prefix, "", err))
				return
			}
			var out []Entry
			for _, o := range page.Versions {
				e := Entry{Key: aws.ToString(o.Key), Version: aws.ToString(o.VersionId), Size: aws.ToInt64(o.Size), ETag: unquoted(o.ETag), Modified: aws.ToTime(o.LastModified), Latest: aws.ToBool(o.IsLatest)}
				if versions.first(e) {
					out = append(out, e)
				}
			}
			for _, o := range page.DeleteMarkers {
				e := Entry{Key: aws.ToString(o.Key), Version: aws.ToString(o.VersionId), Modified: aws.ToTime(o.LastModified), Latest: aws.ToBool(o.IsLatest), Marker: true}
				if markers.first(e) {
					out = append(out, e)
				}
			}
			if !yield(out, nil) {
				return
			}
		}
	}
}

// once tells entries of one key apart from those that were seen: versitygw repeats on a
// new page what the one before has ended with.
type once struct {
	key  string
	seen map[string]bool
}

func (o *once) first(e Entry) bool {
	if o.seen == nil || e.Key != o.key {
		o.key, o.seen = e.Key, map[string]bool{}
	}
	if o.seen[e.Version] {
		return false
	}
	o.seen[e.Version] = true
	return true
}
