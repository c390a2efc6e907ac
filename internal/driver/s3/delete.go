package s3

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// Delete removes one version for good: [ErrLocked]. A version that is not there is
// deleted already. It never leaves a delete marker, so version must be named.
func (s *Store) Delete(ctx context.Context, key, version string) error {
	if version == "" {
		return s.fail("delete", key, "", errors.New("name the version; without one S3 only hides the object"))
	}
	_, err := s.client.DeleteObject(ctx, &awss3.DeleteObjectInput{Bucket: &s.bucket, Key: &key, VersionId: &version})
	if err == nil {
		return nil
	}
	kind := kindOf(err)
	if errors.Is(kind, ErrNotFound) {
		return nil
	}
	if !errors.Is(kind, ErrUnavailable) { // refused, and endpoints say why in their own words: see for ourselves
		switch i, ask := s.look(ctx, key, version); {
		case errors.Is(kindOf(ask), ErrNotFound):
			return nil
		case ask == nil && i.Mode != "":
			kind = ErrLocked
		}
	}
	return &Error{Op: "delete", Endpoint: s.endpoint, Bucket: s.bucket, Key: key, Version: version, Kind: kind, Err: err}
}

// remove deletes a version, or hides the object if version is empty, with the right to
// bypass GOVERNANCE if asked. It returns the marker's version.
func (s *Store) remove(ctx context.Context, key, version string, bypass bool) (string, error) {
	in := &awss3.DeleteObjectInput{Bucket: &s.bucket, Key: &key, VersionId: optional(version)}
	if bypass {
		in.BypassGovernanceRetention = &bypass
	}
	out, err := s.client.DeleteObject(ctx, in)
	if err != nil || out.VersionId == nil {
		return "", err
	}
	return *out.VersionId, nil
}

// removeMany is the other way to delete, which endpoints implement apart.
func (s *Store) removeMany(ctx context.Context, key, version string) error {
	bypass := true
	out, err := s.client.DeleteObjects(ctx, &awss3.DeleteObjectsInput{
		Bucket: &s.bucket, BypassGovernanceRetention: &bypass, ChecksumAlgorithm: types.ChecksumAlgorithmSha256,
		Delete: &types.Delete{Objects: []types.ObjectIdentifier{{Key: &key, VersionId: &version}}},
	})
	if err != nil || len(out.Errors) == 0 {
		return err
	}
	e := out.Errors[0]
	return fmt.Errorf("api error %s: %s", aws.ToString(e.Code), aws.ToString(e.Message))
}
