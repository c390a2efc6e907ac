package place

import (
	"fmt"
	"path/filepath"
	"slices"
)

// Where the backups of each region's PostgreSQL go.
const (
	BackupsBucket = "backups"
	BackupsPath   = "/postgres" // in the bucket; each region's cluster has its own name below it
)

// BackupStore is the object store that a region's backups are in, as its databases and the
// servers reach it.
type BackupStore struct {
	Address   string // HOST:PORT, over TLS
	CAFile    string // of the authority that its certificate is from; in the store's own directory, which is closed to other users
	Shown     string // copy of CAFile for databases, which run as another user: a server makes it
	SecretKey string // of [ObjectsKey]
}

// BackupStore returns where a region's backups go: its own object store, or that of the
// journal's archive where the region has none. False: nothing is there to back up to.
func (l Layout) BackupStore(s Secrets, region string) (BackupStore, bool) {
	shown := filepath.Join(l.Root, "tls", "backups-"+region+".pem")
	switch {
	case slices.Contains(l.ObjectRegions(), region):
		return BackupStore{Address: l.BucketAddress(region), CAFile: filepath.Join(l.BucketDir(region), ObjectsCA), Shown: shown, SecretKey: s.Buckets}, true
	case l.EmbedsObjects() && (!l.NetNS || region == l.Regions[0]): // namespaces of a region reach the hosts of their own alone
		return BackupStore{Address: l.ObjectsAddress(), CAFile: filepath.Join(l.ObjectsDir(), ObjectsCA), Shown: shown, SecretKey: s.Objects}, true
	}
	return BackupStore{}, false
}

// storeIP returns the address of a store on a region's own hosts: on loopback, or with network
// namespaces where the region's zones reach it, which back up to it.
func (l Layout) storeIP(region string, host int) string {
	r, _ := l.Platform.Region(region)
	net := 127
	if l.NetNS {
		net = 10
	}
	return fmt.Sprintf("%d.%d.0.%d", net, r.Number, host)
}

// storeIPs are the addresses of the stores on a region's own hosts.
func (l Layout) storeIPs(region string) []string {
	var out []string
	if l.EmbedsObjects() && region == l.Regions[0] {
		out = append(out, l.storeIP(region, objectsHost))
	}
	if slices.Contains(l.ObjectRegions(), region) {
		out = append(out, l.storeIP(region, bucketHost))
	}
	return out
}
