package app

import (
	"context"

	"github.com/greenlang/fournines/internal/app/bucket"
	"github.com/greenlang/fournines/internal/driver/s3"
	"github.com/greenlang/fournines/internal/journal/archive"
)

// ForeignBucket is an archive that an auditor names, with nothing of ours beside it.
type ForeignBucket struct {
	Endpoint, Region, Bucket, Prefix string
	CredentialsFile, CAFile          string
	VirtualHost                      bool
}

// OpenForeignBucket opens an archive for reading.
func OpenForeignBucket(f ForeignBucket) (*bucket.Bucket, error) {
	keys, err := s3.LoadCredentials(f.CredentialsFile)
	if err != nil {
		return nil, err
	}
	return bucket.Open(s3.Options{Endpoint: f.Endpoint, Region: f.Region, Bucket: f.Bucket, Credentials: keys, CAFile: f.CAFile, VirtualHost: f.VirtualHost}, f.Prefix)
}

// VerifyArchive checks an archive whose tables were written by this program.
func VerifyArchive(ctx context.Context, r archive.Reader, name string, o archive.VerifyOptions) (archive.Audit, error) {
	o.Read = archive.ReadTable
	return archive.Verify(ctx, r, name, o)
}
