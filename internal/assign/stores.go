package assign

import (
	"path/filepath"
	"time"

	"github.com/greenlang/fournines/internal/driver/s3"
	"github.com/greenlang/fournines/internal/node"
	"github.com/greenlang/fournines/internal/place"
)

// ObjectsUnit is the embedded object store as `up` runs it.
func ObjectsUnit(l place.Layout, secrets place.Secrets, env []string) node.Unit {
	return storeUnit(l, place.Objects, l.ObjectsAddress(), secrets.Objects, env)
}

// storeUnit is one object store as `up` runs it.
func storeUnit(l place.Layout, name, address, secret string, env []string) node.Unit {
	return node.Unit{
		Name: name, Env: env, Stop: "TERM", Grace: 10, Ready: node.Ready{TCP: address},
		Argv:  []string{l.Bin(place.ObjectsProgram), "--dir", "{home}", "--listen", address, "--tls", "--credentials-file", "{home}/" + place.ObjectsFile},
		Files: []node.File{{Path: place.ObjectsFile, Content: "[default]\naws_access_key_id = " + place.ObjectsKey + "\naws_secret_access_key = " + secret + "\n"}},
	}
}

// BucketUnit is a region's object store as `up` runs it.
func BucketUnit(l place.Layout, secrets place.Secrets, region string, env []string) node.Unit {
	return storeUnit(l, place.Cluster(region, place.Objects), l.BucketAddress(region), secrets.Buckets, env)
}

// OpenObjects opens the applications' bucket of a region. It fails where its store has not
// made its certificate yet.
func OpenObjects(l place.Layout, secrets place.Secrets, region string, attempts int) (*s3.Store, error) {
	return s3.New(s3.Options{
		Endpoint: "https://" + l.BucketAddress(region), Bucket: l.Platform.Spec.Engines.Objects.BucketName(),
		CAFile: filepath.Join(l.BucketDir(region), place.ObjectsCA), Credentials: s3.Credentials{AccessKey: place.ObjectsKey, SecretKey: secrets.Buckets},
		Attempts: attempts, Stall: BucketStall,
	})
}

// BucketStall is the longest wait for a store that does not move.
const BucketStall = 5 * time.Second
