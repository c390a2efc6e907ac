package archive_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/greenlang/fournines/internal/driver/s3"
	"github.com/greenlang/fournines/internal/journal/archive"
)

// Locks keep versions, not keys: somebody with the keys can still hide an object behind a
// newer version or a delete marker. What is verified is the locked one, and it is said.
func TestWhatIsLaidOverALockedObjectHidesNothing(t *testing.T) {
	t.Parallel()
	l, r := newLedger(t), newReal(t, nil)
	filled(t, l, r.Place(), r)
	s, err := s3.New(r.options)
	if err != nil {
		t.Fatal(err)
	}
	over := archive.CheckpointKey(700)
	if _, err := s.Put(t.Context(), "log/"+over, strings.NewReader("another"), s3.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	client := awss3.New(awss3.Options{
		Region: "us-east-1", BaseEndpoint: &r.options.Endpoint, UsePathStyle: true,
		Credentials: aws.CredentialsProviderFunc(func(_ context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: r.options.Credentials.AccessKey, SecretAccessKey: r.options.Credentials.SecretKey}, nil
		}),
	})
	if _, err := client.DeleteObject(t.Context(), &awss3.DeleteObjectInput{Bucket: &r.options.Bucket, Key: aws.String("log/tile/0/001")}); err != nil {
		t.Fatal(err)
	}
	v, err := verify(t.Context(), l, r, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(v.Covered)
	if !slices.Equal(v.Covered, []string{over, "tile/0/001"}) {
		t.Fatalf("%v", v.Covered)
	}
}
