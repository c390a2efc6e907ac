package s3test

import (
	"os"
	"testing"

	"github.com/greenlang/fournines/internal/driver/s3"
)

// External opens buckets of the endpoint that the environment names; ok is false where it names none.
func External(t *testing.T) (open func(t testing.TB, bucket string) *s3.Store, ok bool) {
	t.Helper()
	endpoint := os.Getenv("FOURNINES_S3_ENDPOINT")
	if endpoint == "" {
		return nil, false
	}
	keys, err := s3.LoadCredentials(os.Getenv("FOURNINES_S3_CREDENTIALS"))
	if err != nil {
		t.Fatalf("FOURNINES_S3_CREDENTIALS must name a file with the keys: %v", err)
	}
	return func(t testing.TB, bucket string) *s3.Store {
		t.Helper()
		s, err := s3.New(s3.Options{
			Endpoint: endpoint, Region: os.Getenv("FOURNINES_S3_REGION"), Bucket: bucket, Credentials: keys,
			CAFile: os.Getenv("FOURNINES_S3_CA"), VirtualHost: os.Getenv("FOURNINES_S3_VIRTUAL_HOST") != "",
		})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}, true
}
