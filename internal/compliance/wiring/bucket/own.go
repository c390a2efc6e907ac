package bucket

import (
	"path/filepath"

	"github.com/greenlang/fournines/internal/driver/s3"
	"github.com/greenlang/fournines/internal/journal/archive"
	"github.com/greenlang/fournines/internal/place"
)

// embedded names the installation's own object store as a place: independent of its
// address, it is the same directory.
const embedded = "embedded"

// PlaceOf returns the place where an installation archives its journal.
func PlaceOf(l place.Layout) archive.Place {
	a := l.Platform.Spec.Archive
	switch {
	case l.EmbedsObjects():
		return archive.Place{Endpoint: embedded, Bucket: place.ObjectsBucket}
	case a.Endpoint == "":
		return archive.Place{Endpoint: "AWS " + regionOr(a.Region), Bucket: a.Bucket, Prefix: a.Prefix}
	}
	return archive.Place{Endpoint: a.Endpoint, Bucket: a.Bucket, Prefix: a.Prefix}
}

func regionOr(region string) string {
	if region == "" {
		return "us-east-1"
	}
	return region
}

// OpenOwn opens the bucket of an installation's archive. It fails where the embedded
// store has not made its certificate yet.
func OpenOwn(l place.Layout, secrets place.Secrets) (*Bucket, error) {
	a := l.Platform.Spec.Archive
	if l.EmbedsObjects() {
		return Open(s3.Options{
			Endpoint: "https://" + l.ObjectsAddress(), Bucket: place.ObjectsBucket, CAFile: filepath.Join(l.ObjectsDir(), place.ObjectsCA),
			Credentials: s3.Credentials{AccessKey: place.ObjectsKey, SecretKey: secrets.Objects},
		}, "")
	}
	keys, err := s3.LoadCredentials(a.CredentialsFile)
	if err != nil {
		return nil, err
	}
	return Open(s3.Options{
		Endpoint: a.Endpoint, Region: a.Region, Bucket: a.Bucket, Credentials: keys, CAFile: a.CAFile, VirtualHost: a.VirtualHost,
	}, a.Prefix)
}
