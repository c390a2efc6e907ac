package s3

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// abortPatience is for giving up an upload after its own context may have ended.
const abortPatience = 10 * time.Second

// uploadParts sends one part after another. An upload that fails is given up, so that
// its parts do not stay; one whose end is unknown is told from the object itself.
func (s *Store) uploadParts(ctx context.Context, key string, body io.ReadSeeker, d digest, o PutOptions) (string, error) {
	if o.IfAbsent { // parts cannot be refused before they are sent: ask first
		if _, err := s.head(ctx, key, "", false); err == nil {
			return "", ErrExists
		} else if !errors.Is(kindOf(err), ErrNotFound) {
			return "", err
		}
	}
	mode, until := lockOf(o)
	up, err := s.client.CreateMultipartUpload(ctx, &awss3.CreateMultipartUploadInput{
		Bucket: &s.bucket, Key: &key, Metadata: metadata(o, d),
		ContentType: optional(o.ContentType), ContentEncoding: optional(o.ContentEncoding), ContentDisposition: optional(o.ContentDisposition), CacheControl: optional(o.CacheControl),
		ContentLanguage: optional(o.ContentLanguage), Expires: expires(o.Expires),
		ChecksumAlgorithm: types.ChecksumAlgorithmSha256, ChecksumType: types.ChecksumTypeComposite,
		ObjectLockMode: mode, ObjectLockRetainUntilDate: until,
	})
	if err != nil {
		return "", err
	}
	version, err := s.sendParts(ctx, key, *up.UploadId, body, d, o)
	if err == nil || errors.Is(kindOf(err), ErrExists) {
		return version, err
	}
	abort, cancel := context.WithTimeout(context.WithoutCancel(ctx), abortPatience)
	defer cancel()
	_, left := s.client.AbortMultipartUpload(abort, &awss3.AbortMultipartUploadInput{Bucket: &s.bucket, Key: &key, UploadId: up.UploadId})
	if left != nil && codeOf(left) != "NoSuchUpload" {
		err = fmt.Errorf("%w (and the parts of upload %s stay: %w)", err, *up.UploadId, left)
	}
	return "", err
}

func (s *Store) sendParts(ctx context.Context, key, upload string, body io.ReadSeeker, d digest, o PutOptions) (string, error) {
	done := make([]types.CompletedPart, len(d.parts))
	for i, p := range d.parts {
		number, sum := aws.Int32(int32(i+1)), aws.String(base64.StdEncoding.EncodeToString(p.sum[:])) //nolint:gosec // at most maxParts
		out, err := s.client.UploadPart(ctx, &awss3.UploadPartInput{
			Bucket: &s.bucket, Key: &key, UploadId: &upload, PartNumber: number,
			Body: &window{body: body, part: p}, ContentLength: aws.Int64(p.size), ChecksumSHA256: sum,
		}, unsignedBody)
		if err != nil {
			return "", fmt.Errorf("part %d of %d: %w", i+1, len(d.parts), err)
		}
		done[i] = types.CompletedPart{PartNumber: number, ETag: out.ETag, ChecksumSHA256: sum}
	}
	mark, err := marking(o)
	if err != nil {
		return "", err
	}
	out, err := s.client.CompleteMultipartUpload(ctx, &awss3.CompleteMultipartUploadInput{
		Bucket: &s.bucket, Key: &key, UploadId: &upload, IfNoneMatch: ifAbsent(o), IfMatch: optional(o.IfMatch),
		ChecksumType: types.ChecksumTypeComposite, MultipartUpload: &types.CompletedMultipartUpload{Parts: done},
	}, mark)
	if codeOf(err) == "NoSuchUpload" { // completed by an attempt whose answer was lost?
		if i, again := s.head(ctx, key, "", false); again == nil && i.same(d) == nil {
			return i.Version, nil
		}
	}
	if err != nil {
		return "", fmt.Errorf("complete %d parts: %w", len(d.parts), err)
	}
	return aws.ToString(out.VersionId), nil
}
