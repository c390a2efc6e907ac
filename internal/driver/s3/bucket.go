package s3

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// EnsureBucket makes the bucket with versioning and object lock, or turns on what is
// missing in one that is there, and reads both back: [ErrDenied], [ErrUnproved].
func (s *Store) EnsureBucket(ctx context.Context) error {
	if err := s.makeBucket(ctx, true); err != nil {
		return s.fail("make bucket", "", "", err)
	}
	if err := s.ensureVersioning(ctx); err != nil {
		return s.fail("turn on versioning of", "", "", err)
	}
	return s.fail("turn on object lock of", "", "", s.ensureLock(ctx))
}

// makeBucket makes the bucket where it is missing.
func (s *Store) makeBucket(ctx context.Context, locks bool) error {
	in := &awss3.CreateBucketInput{Bucket: &s.bucket, ObjectLockEnabledForBucket: aws.Bool(locks)}
	if s.region != "us-east-1" {
		in.CreateBucketConfiguration = &types.CreateBucketConfiguration{LocationConstraint: types.BucketLocationConstraint(s.region)}
	}
	_, err := s.client.CreateBucket(ctx, in)
	if code := codeOf(err); err != nil && code != "BucketAlreadyOwnedByYou" && code != "BucketAlreadyExists" {
		return err
	}
	return nil
}

func (s *Store) ensureVersioning(ctx context.Context) error {
	on, err := s.versioned(ctx)
	if err != nil || on {
		return err
	}
	if err := s.setVersioning(ctx, types.BucketVersioningStatusEnabled); err != nil {
		return err
	}
	if on, err = s.versioned(ctx); err == nil && !on {
		err = fmt.Errorf("%w: versioning stays off", ErrUnproved)
	}
	return err
}

func (s *Store) ensureLock(ctx context.Context) error {
	on, _, err := s.lockRule(ctx)
	if err != nil || on {
		return err
	}
	if err := s.setLockRule(ctx, nil); err != nil {
		return fmt.Errorf("%w; if this endpoint locks only what is made with locks, name a bucket that does not exist yet", err)
	}
	if on, _, err = s.lockRule(ctx); err == nil && !on {
		err = fmt.Errorf("%w: object lock stays off", ErrUnproved)
	}
	return err
}

func (s *Store) versioned(ctx context.Context) (bool, error) {
	out, err := s.client.GetBucketVersioning(ctx, &awss3.GetBucketVersioningInput{Bucket: &s.bucket})
	if err != nil {
		return false, err
	}
	return out.Status == types.BucketVersioningStatusEnabled, nil
}

func (s *Store) setVersioning(ctx context.Context, status types.BucketVersioningStatus) error {
	_, err := s.client.PutBucketVersioning(ctx, &awss3.PutBucketVersioningInput{
		Bucket: &s.bucket, ChecksumAlgorithm: types.ChecksumAlgorithmSha256, VersioningConfiguration: &types.VersioningConfiguration{Status: status},
	})
	return err
}

// lockRule tells whether the bucket locks objects, and its default rule, which may be nil.
func (s *Store) lockRule(ctx context.Context) (on bool, rule *types.DefaultRetention, err error) {
	out, err := s.client.GetObjectLockConfiguration(ctx, &awss3.GetObjectLockConfigurationInput{Bucket: &s.bucket})
	if codeOf(err) == "ObjectLockConfigurationNotFoundError" {
		return false, nil, nil
	}
	if err != nil {
		return false, nil, err
	}
	c := out.ObjectLockConfiguration
	if c == nil {
		return false, nil, errors.New("the answer holds no configuration")
	}
	if c.Rule != nil && c.Rule.DefaultRetention != nil && c.Rule.DefaultRetention.Mode != "" {
		rule = c.Rule.DefaultRetention
	}
	return c.ObjectLockEnabled == types.ObjectLockEnabledEnabled, rule, nil
}

// setLockRule replaces the default rule; nil removes it. Object lock itself stays on.
func (s *Store) setLockRule(ctx context.Context, rule *types.DefaultRetention) error {
	c := &types.ObjectLockConfiguration{ObjectLockEnabled: types.ObjectLockEnabledEnabled}
	if rule != nil {
		c.Rule = &types.ObjectLockRule{DefaultRetention: rule}
	}
	_, err := s.client.PutObjectLockConfiguration(ctx, &awss3.PutObjectLockConfigurationInput{
		Bucket: &s.bucket, ChecksumAlgorithm: types.ChecksumAlgorithmSha256, ObjectLockConfiguration: c,
	})
	return err
}
