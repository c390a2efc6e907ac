package place

import (
	"fmt"
	"path/filepath"
)

// The embedded object store: a process of its own, of which there is one in an installation.
const (
	Objects        = "objects"
	ObjectsProgram = "fournines-objects"
	objectsPort    = 9000
	objectsHost    = 3           // of the first region's own hosts
	bucketHost     = 4           // of each region's own hosts
	ObjectsKey     = "fournines" // access key; its secret is the installation's
	ObjectsFile    = "credentials"
	ObjectsCA      = "ca.pem" // the gateway's AuthorityFile, named here so that the gateway is not linked
	ObjectsBucket  = "journal"
)

// EmbedsObjects tells whether the installation runs an object store of its own.
func (l Layout) EmbedsObjects() bool { return !l.Platform.Spec.Archive.External() }

// ObjectsAddress returns where the embedded object store serves, on a host of the first region.
func (l Layout) ObjectsAddress() string {
	return fmt.Sprintf("%s:%d", l.storeIP(l.Regions[0], objectsHost), objectsPort)
}

// ObjectsDir returns the directory of the embedded object store.
func (l Layout) ObjectsDir() string { return filepath.Join(l.Root, Objects) }

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

// BucketAddress returns where a region's object store serves, on a host of the region.
func (l Layout) BucketAddress(region string) string {
	return fmt.Sprintf("%s:%d", l.storeIP(region, bucketHost), objectsPort)
}

// BucketDir returns the directory of a region's object store.
func (l Layout) BucketDir(region string) string { return filepath.Join(l.Root, region, Objects) }
