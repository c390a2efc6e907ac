package gateway

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	vgw "github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/s3err"
	"github.com/versity/versitygw/s3response"
)

// keyed is a backend as clients know it: it hands versitygw the name that it knows a key by, and gives clients theirs back.
type keyed struct{ *backend }

// CreateMultipartUpload refuses what nobody may write.
func (b keyed) CreateMultipartUpload(ctx context.Context, in s3response.CreateMultipartUploadInput) (s3response.InitiateMultipartUploadResult, error) {
	key := aws.ToString(in.Key)
	if reserved(key) {
		return s3response.InitiateMultipartUploadResult{}, errReserved
	}
	in.Key = aws.String(b.place(*in.Bucket, key))
	res, err := b.Posix.CreateMultipartUpload(ctx, in)
	res.Key = key
	return res, err
}

// uploading returns the name that an upload was begun under.
func (b *backend) uploading(bucket, key, upload string) string {
	at := apart(key)
	if info, err := os.Lstat(b.path(bucket, uploadDir(at, upload))); upload != "" && err == nil && info.IsDir() {
		return at
	}
	return key
}

// bring moves an upload to where its object belongs by now, and returns the name of that.
func (b *backend) bring(bucket, key, upload string) (string, error) {
	from, to := b.uploading(bucket, key, upload), b.place(bucket, key)
	old := b.path(bucket, uploadDir(from, upload))
	if _, err := os.Lstat(old); from == to || b.sidecar || upload == "" || err != nil { // in files its attributes lie elsewhere
		return from, nil //nolint:nilerr // there is no such upload: its reader says so
	}
	next := b.path(bucket, uploadDir(to, upload))
	err := os.MkdirAll(filepath.Dir(next), 0o700)
	if err == nil {
		err = b.attributes.StoreAttribute(nil, bucket, filepath.Dir(uploadDir(to, upload)), attrUpload, []byte(to))
	}
	if err == nil {
		err = os.Rename(old, next)
	}
	if err != nil {
		return from, fmt.Errorf("bring the upload of %s/%s to its place: %w", bucket, key, err)
	}
	_ = os.Remove(filepath.Dir(old)) // others may be there
	return to, nil
}

// AbortMultipartUpload implements versitygw's Backend.
func (b keyed) AbortMultipartUpload(ctx context.Context, in *s3.AbortMultipartUploadInput) error {
	of := *in
	of.Key = aws.String(b.uploading(*in.Bucket, *in.Key, aws.ToString(in.UploadId)))
	return b.Posix.AbortMultipartUpload(ctx, &of)
}

// ListParts implements versitygw's Backend.
func (b keyed) ListParts(ctx context.Context, in *s3.ListPartsInput) (s3response.ListPartsResult, error) {
	of := *in
	of.Key = aws.String(b.uploading(*in.Bucket, *in.Key, aws.ToString(in.UploadId)))
	res, err := b.Posix.ListParts(ctx, &of)
	res.Key = *in.Key
	return res, err
}

// ListMultipartUploads implements versitygw's Backend. With a prefix it leaves out those of keys that are kept apart.
func (b keyed) ListMultipartUploads(ctx context.Context, in *s3.ListMultipartUploadsInput) (s3response.ListMultipartUploadsResult, error) {
	res, err := b.Posix.ListMultipartUploads(ctx, in)
	for i, u := range res.Uploads {
		res.Uploads[i].Key = keyOf(u.Key)
	}
	return res, err
}

// UploadPart implements versitygw's Backend.
func (b keyed) UploadPart(ctx context.Context, in *s3.UploadPartInput) (*s3.UploadPartOutput, error) {
	of := *in
	of.Key = aws.String(b.uploading(*in.Bucket, *in.Key, aws.ToString(in.UploadId)))
	return b.Posix.UploadPart(ctx, &of)
}

// UploadPartCopy implements versitygw's Backend.
func (b keyed) UploadPartCopy(ctx context.Context, in *s3.UploadPartCopyInput) (s3response.CopyPartResult, error) {
	of := *in
	of.Key = aws.String(b.uploading(*in.Bucket, *in.Key, aws.ToString(in.UploadId)))
	var err error
	if of.CopySource, _, _, err = b.source(in.CopySource); err != nil {
		return s3response.CopyPartResult{}, err
	}
	return b.Posix.UploadPartCopy(ctx, &of)
}

// source renames what is to be copied, and returns it as clients name it.
func (b keyed) source(text *string) (renamed *string, name, version string, err error) {
	bucket, key, version, err := vgw.ParseCopySource(aws.ToString(text))
	if err != nil {
		return nil, "", "", err
	}
	out := bucket + "/" + b.placed(bucket, key)
	if version != "" {
		out += "?versionId=" + version
	}
	return aws.String(url.QueryEscape(out)), bucket + "/" + key, version, nil
}

// CopyObject is named in the feed as a put of its destination, and as durable.
func (b keyed) CopyObject(ctx context.Context, in s3response.CopyObjectInput) (s3response.CopyObjectOutput, error) {
	bucket, key := aws.ToString(in.Bucket), aws.ToString(in.Key)
	none := s3response.CopyObjectOutput{}
	if reserved(key) {
		return none, errReserved
	}
	source, name, version, err := b.source(in.CopySource)
	if err != nil {
		return none, err
	}
	if name == bucket+"/"+key && version == "" && in.MetadataDirective == types.MetadataDirectiveReplace {
		state, err := b.GetBucketVersioning(ctx, bucket)
		if err != nil {
			return none, err
		}
		if state.Status != nil && *state.Status == types.BucketVersioningStatusEnabled {
			return b.describe(ctx, bucket, key, in)
		}
	}
	at := b.place(bucket, key)
	in.CopySource, in.Key = source, &at
	end, err := b.begin(bucket, key)
	if err != nil {
		return none, err
	}
	defer end()
	out, err := b.Posix.CopyObject(ctx, in)
	if err != nil {
		return out, again(err)
	}
	if err := syncFile(b.path(bucket, at)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return out, fmt.Errorf("make %s/%s durable: %w", bucket, key, err)
	}
	return out, b.durable(bucket, at)
}

// describe gives an object other metadata, as a new version. versitygw writes it onto the old one: nobody could tell that
// anything was written.
func (b keyed) describe(ctx context.Context, bucket, key string, in s3response.CopyObjectInput) (out s3response.CopyObjectOutput, err error) {
	open, err := b.GetObject(ctx, &s3.GetObjectInput{
		Bucket: &bucket, Key: &key, IfMatch: in.CopySourceIfMatch, IfNoneMatch: in.CopySourceIfNoneMatch,
		IfModifiedSince: in.CopySourceIfModifiedSince, IfUnmodifiedSince: in.CopySourceIfUnmodifiedSince,
	})
	if err != nil {
		return out, err
	}
	defer open.Body.Close() //nolint:errcheck // it is only read
	tags := aws.ToString(in.Tagging)
	if in.TaggingDirective != types.TaggingDirectiveReplace {
		all, err := b.GetObjectTagging(ctx, bucket, key, "")
		if err != nil && !errors.Is(err, s3err.GetAPIError(s3err.ErrBucketTaggingNotFound)) {
			return out, err
		}
		values := url.Values{}
		for k, v := range all {
			values.Set(k, v)
		}
		tags = values.Encode()
	}
	put, err := b.PutObject(ctx, s3response.PutObjectInput{
		Bucket: &bucket, Key: &key, Body: open.Body, ContentLength: open.ContentLength, ChecksumAlgorithm: in.ChecksumAlgorithm,
		ContentType: in.ContentType, ContentEncoding: in.ContentEncoding, ContentDisposition: in.ContentDisposition, ContentLanguage: in.ContentLanguage,
		CacheControl: in.CacheControl, Expires: in.Expires, WebsiteRedirectLocation: in.WebsiteRedirectLocation, Metadata: in.Metadata, Tagging: &tags,
		ObjectLockRetainUntilDate: in.ObjectLockRetainUntilDate, ObjectLockMode: in.ObjectLockMode, ObjectLockLegalHoldStatus: in.ObjectLockLegalHoldStatus,
	})
	if err != nil {
		return out, err
	}
	i, err := b.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &bucket, Key: &key, VersionId: &put.VersionID})
	if err != nil {
		return out, err
	}
	return s3response.CopyObjectOutput{CopyObjectResult: &s3response.CopyObjectResult{ETag: &put.ETag, LastModified: i.LastModified}, VersionId: &put.VersionID, CopySourceVersionId: open.VersionId}, nil
}

// GetObjectAttributes implements versitygw's Backend.
func (b keyed) GetObjectAttributes(ctx context.Context, in *s3.GetObjectAttributesInput) (s3response.GetObjectAttributesResponse, error) {
	of := *in
	of.Key = aws.String(b.placed(*in.Bucket, aws.ToString(in.Key)))
	return b.Posix.GetObjectAttributes(ctx, &of)
}

// GetObjectTagging implements versitygw's Backend.
func (b keyed) GetObjectTagging(ctx context.Context, bucket, key, version string) (map[string]string, error) {
	return b.Posix.GetObjectTagging(ctx, bucket, b.placed(bucket, key), version)
}

// PutObjectTagging implements versitygw's Backend.
func (b keyed) PutObjectTagging(ctx context.Context, bucket, key, version string, tags map[string]string) error {
	return b.Posix.PutObjectTagging(ctx, bucket, b.placed(bucket, key), version, tags)
}

// DeleteObjectTagging implements versitygw's Backend.
func (b keyed) DeleteObjectTagging(ctx context.Context, bucket, key, version string) error {
	return b.Posix.DeleteObjectTagging(ctx, bucket, b.placed(bucket, key), version)
}

// GetObjectRetention implements versitygw's Backend.
func (b keyed) GetObjectRetention(ctx context.Context, bucket, key, version string) ([]byte, error) {
	return b.Posix.GetObjectRetention(ctx, bucket, b.placed(bucket, key), version)
}

// PutObjectLegalHold implements versitygw's Backend.
func (b keyed) PutObjectLegalHold(ctx context.Context, bucket, key, version string, on bool) error {
	return b.Posix.PutObjectLegalHold(ctx, bucket, b.placed(bucket, key), version, on)
}

// GetObjectLegalHold implements versitygw's Backend.
func (b keyed) GetObjectLegalHold(ctx context.Context, bucket, key, version string) (*bool, error) {
	return b.Posix.GetObjectLegalHold(ctx, bucket, b.placed(bucket, key), version)
}
