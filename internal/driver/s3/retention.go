package s3

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// ErrShorter means that a lock was asked to end before it does now.
var ErrShorter = errors.New("a lock can only be extended")

// ExtendRetention locks a version in COMPLIANCE mode until a later time, and proves it.
// Extending to what it has already is harmless: [ErrShorter], [ErrUnproved].
func (s *Store) ExtendRetention(ctx context.Context, key, version string, until time.Time) (Info, error) {
	until = wholeSecond(until)
	i, err := s.look(ctx, key, version)
	if err != nil {
		return i, s.fail("extend the lock of", key, version, err)
	}
	if i.Mode != "" && until.Before(i.RetainUntil) {
		return i, s.fail("extend the lock of", key, i.Version, fmt.Errorf("%w: it ends %s, asked was %s", ErrShorter, i.RetainUntil.Format(time.RFC3339), until.Format(time.RFC3339)))
	}
	if i.lockedFrom(until, true) == nil {
		return i, nil
	}
	if err := s.putRetention(ctx, key, i.Version, types.ObjectLockRetentionModeCompliance, until, false); err != nil {
		return i, s.fail("extend the lock of", key, i.Version, err)
	}
	if i, err = s.look(ctx, key, i.Version); err != nil {
		return i, s.fail("read back", key, version, err)
	}
	if err := i.lockedFrom(until, true); err != nil {
		return i, s.fail("read back", key, i.Version, fmt.Errorf("%w: %w", ErrUnproved, err))
	}
	return i, nil
}

func (s *Store) putRetention(ctx context.Context, key, version string, mode types.ObjectLockRetentionMode, until time.Time, bypass bool) error {
	in := &awss3.PutObjectRetentionInput{
		Bucket: &s.bucket, Key: &key, VersionId: optional(version), ChecksumAlgorithm: types.ChecksumAlgorithmSha256,
		Retention: &types.ObjectLockRetention{Mode: mode, RetainUntilDate: &until},
	}
	if bypass {
		in.BypassGovernanceRetention = &bypass
	}
	_, err := s.client.PutObjectRetention(ctx, in)
	return err
}

// retention asks for a version's own lock; an empty mode means that it has none.
func (s *Store) retention(ctx context.Context, key, version string) (mode string, until time.Time, err error) {
	out, err := s.client.GetObjectRetention(ctx, &awss3.GetObjectRetentionInput{Bucket: &s.bucket, Key: &key, VersionId: optional(version)})
	switch code := codeOf(err); {
	case code == "NoSuchObjectLockConfiguration" || code == "InvalidRequest": // no lock; a bucket without locks
		return "", time.Time{}, nil
	case err != nil:
		return "", time.Time{}, fmt.Errorf("ask for the lock: %w", err)
	case out.Retention == nil:
		return "", time.Time{}, nil
	}
	return string(out.Retention.Mode), aws.ToTime(out.Retention.RetainUntilDate), nil
}
