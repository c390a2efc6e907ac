package gateway

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	vgw "github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/s3response"

	"github.com/greenlang/fournines/internal/driver/s3/feed"
)

// listing is one page of a listing: what versitygw lists, completed by what is kept apart.
type listing struct {
	bucket, prefix, delimiter, after string
	most                             int32
	owners                           bool
	objects                          []s3response.Object
	prefixes                         []types.CommonPrefix
	next                             string // where the next page begins, if there is one
	truncated                        bool
}

// complete adds the objects that are kept apart and belong on the page, and leaves out common
// prefixes of what is hidden: versitygw names each folder that is there, also where it holds
// delete markers alone.
func (b *backend) complete(ctx context.Context, l *listing) error {
	if l.most == 0 {
		return nil
	}
	named := l.prefixes
	l.prefixes = nil
	for _, p := range named {
		switch shows, err := b.shows(ctx, l.bucket, aws.ToString(p.Prefix)); {
		case err != nil:
			return err
		case shows:
			l.prefixes = append(l.prefixes, p)
		}
	}
	keys, err := b.keysApart(l.bucket, l.prefix, l.after)
	if err != nil || len(keys) == 0 {
		return err
	}
	objects := map[string]s3response.Object{}
	for _, o := range l.objects {
		objects[aws.ToString(o.Key)] = o
	}
	names := map[string]bool{} // of objects and of common prefixes
	for key := range objects {
		names[key] = true
	}
	for _, p := range l.prefixes {
		names[aws.ToString(p.Prefix)] = true
	}
	read := b.FileToObj(l.bucket, l.owners)
	for _, key := range keys {
		if l.truncated && key > l.next {
			break
		}
		info, err := os.Lstat(b.path(l.bucket, apart(key)))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		o, err := read(apart(key), fs.FileInfoToDirEntry(info))
		if errors.Is(err, vgw.ErrSkipObj) {
			continue
		}
		if err != nil {
			return err
		}
		if first, _, folded := strings.Cut(key[len(l.prefix):], l.delimiter); l.delimiter != "" && folded {
			if p := l.prefix + first + l.delimiter; p > l.after {
				names[p] = true
			}
			continue
		}
		o.Key, names[key] = &key, true
		objects[key] = o
	}
	l.cut(names, objects)
	return nil
}

// shows tells whether an object that is not hidden lies below a prefix, but for those that are
// kept apart.
func (b *backend) shows(ctx context.Context, bucket, prefix string) (bool, error) {
	none, one, owners := "", int32(1), false // versitygw reads each, whether it is there or not
	res, err := b.Posix.ListObjectsV2(ctx, &s3.ListObjectsV2Input{
		Bucket: &bucket, Prefix: &prefix, Delimiter: &none, ContinuationToken: &none, StartAfter: &none, FetchOwner: &owners, MaxKeys: &one,
	})
	return len(res.Contents) > 0, err
}

// cut keeps the first of what a page may hold.
func (l *listing) cut(names map[string]bool, objects map[string]s3response.Object) {
	all := make([]string, 0, len(names))
	for name := range names {
		all = append(all, name)
	}
	slices.Sort(all)
	if most := int(l.most); len(all) > most {
		all, l.truncated, l.next = all[:most], true, all[most-1]
	}
	l.objects, l.prefixes = nil, nil
	for _, name := range all {
		if o, ok := objects[name]; ok {
			l.objects = append(l.objects, o)
		} else {
			l.prefixes = append(l.prefixes, types.CommonPrefix{Prefix: &name})
		}
	}
}

// ListObjects implements versitygw's Backend.
func (b *backend) ListObjects(ctx context.Context, in *s3.ListObjectsInput) (s3response.ListObjectsResult, error) {
	res, err := b.Posix.ListObjects(ctx, in)
	if err != nil {
		return res, err
	}
	l := listing{
		bucket: *in.Bucket, prefix: aws.ToString(in.Prefix), delimiter: aws.ToString(in.Delimiter), after: aws.ToString(in.Marker), most: aws.ToInt32(in.MaxKeys), owners: true,
		objects: res.Contents, prefixes: res.CommonPrefixes, next: aws.ToString(res.NextMarker), truncated: aws.ToBool(res.IsTruncated),
	}
	err = b.complete(ctx, &l)
	res.Contents, res.CommonPrefixes, res.IsTruncated, res.NextMarker = l.objects, l.prefixes, &l.truncated, vgw.GetPtrFromString(l.next)
	return res, err
}

// ListObjectsV2 implements versitygw's Backend.
func (b *backend) ListObjectsV2(ctx context.Context, in *s3.ListObjectsV2Input) (s3response.ListObjectsV2Result, error) {
	res, err := b.Posix.ListObjectsV2(ctx, in)
	if err != nil {
		return res, err
	}
	l := listing{
		bucket: *in.Bucket, prefix: aws.ToString(in.Prefix), delimiter: aws.ToString(in.Delimiter), after: aws.ToString(res.ContinuationToken), most: aws.ToInt32(in.MaxKeys), owners: aws.ToBool(in.FetchOwner),
		objects: res.Contents, prefixes: res.CommonPrefixes, next: aws.ToString(res.NextContinuationToken), truncated: aws.ToBool(res.IsTruncated),
	}
	err = b.complete(ctx, &l)
	n := int32(len(l.objects) + len(l.prefixes)) //nolint:gosec // at most a page
	res.Contents, res.CommonPrefixes, res.IsTruncated, res.NextContinuationToken, res.KeyCount = l.objects, l.prefixes, &l.truncated, vgw.GetPtrFromString(l.next), &n
	return res, err
}

// ListObjectVersions lists a single key, if the prefix is one, as it is at one moment. Of a key that is kept apart all
// versions are on one page, beyond what was asked for if need be.
func (b *backend) ListObjectVersions(ctx context.Context, in *s3.ListObjectVersionsInput) (s3response.ListVersionsResult, error) {
	bucket, prefix, delimiter := *in.Bucket, aws.ToString(in.Prefix), aws.ToString(in.Delimiter)
	if prefix != "" {
		defer b.locks.share(bucket, prefix)()
	}
	res, err := b.Posix.ListObjectVersions(ctx, in)
	if err != nil || aws.ToInt32(in.MaxKeys) == 0 {
		return res, err
	}
	keys, err := b.keysApart(bucket, prefix, aws.ToString(in.KeyMarker))
	if err != nil || len(keys) == 0 {
		return res, err
	}
	for _, key := range keys {
		if aws.ToBool(res.IsTruncated) && key > aws.ToString(res.NextKeyMarker) {
			break
		}
		if first, _, folded := strings.Cut(key[len(prefix):], delimiter); delimiter != "" && folded {
			p := prefix + first + delimiter
			if !slices.ContainsFunc(res.CommonPrefixes, func(c types.CommonPrefix) bool { return aws.ToString(c.Prefix) == p }) && p > aws.ToString(in.KeyMarker) {
				res.CommonPrefixes = append(res.CommonPrefixes, types.CommonPrefix{Prefix: &p})
			}
			continue
		}
		look := b.history
		if b.locks.of(bucket, key) == b.locks.of(bucket, prefix) && prefix != "" { // who waits for a lock that is shared keeps others from sharing it
			look = b.versionsOf
		}
		all, err := look(bucket, key)
		if err != nil {
			return res, err
		}
		addVersions(&res, key, all)
	}
	slices.SortStableFunc(res.Versions, func(x, y s3response.ObjectVersion) int {
		return strings.Compare(aws.ToString(x.Key), aws.ToString(y.Key))
	})
	slices.SortStableFunc(res.DeleteMarkers, func(x, y types.DeleteMarkerEntry) int {
		return strings.Compare(aws.ToString(x.Key), aws.ToString(y.Key))
	})
	slices.SortFunc(res.CommonPrefixes, func(x, y types.CommonPrefix) int {
		return strings.Compare(aws.ToString(x.Prefix), aws.ToString(y.Prefix))
	})
	return res, nil
}

// addVersions adds a key's versions to a page, the newest first.
func addVersions(res *s3response.ListVersionsResult, key string, all []feed.Version) {
	slices.SortStableFunc(all, func(x, y feed.Version) int {
		if x.Latest != y.Latest {
			if x.Latest {
				return -1
			}
			return 1
		}
		return written(y).Compare(written(x))
	})
	for _, v := range all {
		at := time.UnixMilli(v.Modified).UTC()
		if v.Marker {
			res.DeleteMarkers = append(res.DeleteMarkers, types.DeleteMarkerEntry{Key: &key, VersionId: &v.ID, IsLatest: &v.Latest, LastModified: &at})
			continue
		}
		etag := `"` + v.ETag + `"`
		res.Versions = append(res.Versions, s3response.ObjectVersion{
			Key: &key, VersionId: &v.ID, IsLatest: &v.Latest, LastModified: &at, Size: &v.Size, ETag: &etag, StorageClass: types.ObjectVersionStorageClassStandard,
		})
	}
}
