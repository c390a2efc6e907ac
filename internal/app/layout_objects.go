package app

import (
	"fmt"
	"path/filepath"

	"github.com/greenlang/fournines/internal/driver/s3"
	"github.com/greenlang/fournines/internal/node"
)

// ObjectRegions returns the regions that run an object store for applications: those whose
// objects are replicated to a partner that runs here too. The store of the journal's archive
// is another: it belongs to no region, and survives the loss of any.
func (l Layout) ObjectRegions() []string {
	var out []string
	for _, name := range l.Regions {
		if r, _ := l.Platform.Region(name); l.Platform.Spec.Engines.Objects.ReplicateTo == "pair" && l.Partner(r).Name != "" {
			out = append(out, name)
		}
	}
	return out
}

// ObjectPartner returns the region that a region's objects are replicated with; empty: none.
func (l Layout) ObjectPartner(region string) string {
	r, ok := l.Platform.Region(region)
	if !ok || l.Platform.Spec.Engines.Objects.ReplicateTo != "pair" {
		return ""
	}
	return l.Partner(r).Name
}

// BucketAddress returns where a region's object store serves: host 4 of the region's own
// hosts, always on loopback.
func (l Layout) BucketAddress(region string) string {
	r, _ := l.Platform.Region(region)
	return fmt.Sprintf("127.%d.0.4:%d", r.Number, objectsPort)
}

// BucketDir returns the directory of a region's object store.
func (l Layout) BucketDir(region string) string { return filepath.Join(l.Root, region, Objects) }

// bucketUnit is a region's object store as `up` runs it.
func bucketUnit(l Layout, secrets Secrets, region string, env []string) node.Unit {
	return storeUnit(l, Cluster(region, Objects), l.BucketAddress(region), secrets.Buckets, env)
}

// OpenObjects opens the applications' bucket of a region. It fails where its store has not
// made its certificate yet.
func OpenObjects(l Layout, secrets Secrets, region string, attempts int) (*s3.Store, error) {
	return s3.New(s3.Options{
		Endpoint: "https://" + l.BucketAddress(region), Bucket: l.Platform.Spec.Engines.Objects.BucketName(),
		CAFile: filepath.Join(l.BucketDir(region), objectsCA), Credentials: s3.Credentials{AccessKey: objectsKey, SecretKey: secrets.Buckets},
		Attempts: attempts, Stall: bucketStall,
	})
}
