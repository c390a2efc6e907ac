package s3

import (
	"context"

	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
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
