package s3

import (
	"context"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// SetRule and Rule give tests the bucket's default rule, which nothing else may touch.
func SetRule(ctx context.Context, s *Store, mode string, days int32) error {
	return s.setLockRule(ctx, (&rule{Mode: mode, Days: days}).retention())
}

func Rule(ctx context.Context, s *Store) (mode string, days int32, err error) {
	_, d, err := s.lockRule(ctx)
	if r := ruleOf(d); r != nil {
		return r.Mode, r.Days, err
	}
	return "", 0, err
}

var ParseNote = parseNote

// Hide leaves a delete marker, which the archive never does; it returns the marker's version.
func Hide(ctx context.Context, s *Store, key string) (string, error) {
	return s.remove(ctx, key, "", false)
}

// MakePlain makes a bucket without versioning and lock.
func MakePlain(ctx context.Context, s *Store) error {
	_, err := s.client.CreateBucket(ctx, &awss3.CreateBucketInput{Bucket: &s.bucket})
	return err
}

var PartBytes = partBytes

// Page is what one page of a listing names, objects and common prefixes, and where the next one begins.
func Page(ctx context.Context, s *Store, prefix, delimiter, token string, most int32) (names []string, next string, err error) {
	out, err := s.client.ListObjectsV2(ctx, &awss3.ListObjectsV2Input{Bucket: &s.bucket, Prefix: &prefix, Delimiter: optional(delimiter), ContinuationToken: optional(token), MaxKeys: &most})
	if err != nil {
		return nil, "", err
	}
	for _, o := range out.Contents {
		names = append(names, *o.Key)
	}
	for _, p := range out.CommonPrefixes {
		names = append(names, *p.Prefix)
	}
	if aws.ToBool(out.IsTruncated) {
		next = aws.ToString(out.NextContinuationToken)
	}
	return names, next, nil
}

// Describe gives an object other metadata, as clients do.
func Describe(ctx context.Context, s *Store, key string, metadata map[string]string) error {
	source := url.PathEscape(s.bucket + "/" + key)
	_, err := s.client.CopyObject(ctx, &awss3.CopyObjectInput{Bucket: &s.bucket, Key: &key, CopySource: &source, Metadata: metadata, MetadataDirective: types.MetadataDirectiveReplace})
	return err
}

// Presigned returns a URL that puts key, whose signature covers no header but the host.
func Presigned(ctx context.Context, s *Store, key string) (string, error) {
	r, err := awss3.NewPresignClient(s.client).PresignPutObject(ctx, &awss3.PutObjectInput{Bucket: &s.bucket, Key: &key})
	if err != nil {
		return "", err
	}
	return r.URL, nil
}
