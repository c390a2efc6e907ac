package place

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/greenlang/fournines/internal/spec"
)

// The kinds of components that run in a zone.
const (
	Etcd      = "etcd"
	Postgres  = "postgres"
	Redis     = "redis"
	Sentinel  = "sentinel"
	Kafka     = "kafka"
	Mirror    = "mirror"
	GreenLang = "greenlang"
	Node      = "node"
	Edge      = "edge"
	HTTPS     = "https" // of the edge
	Server    = "server"
)

// The ports of our own processes and of the application.
const (
	EtcdPort   = spec.EtcdPort
	EtcdPeer   = spec.EtcdPeerPort
	AppPort    = 8080
	HTTPSPort  = 8443             // of each edge's own address
	ConsoleURL = "127.0.0.1:9999" // API and console, by default
	DNSAddress = "127.0.0.1:9953" // names, by default
	DnsPort    = 9953             // of each edge's own address
)

// ReadyPath is where the application says whether it takes requests; name servers and
// health checkers ask it through the edges.
const ReadyPath = "/readyz"

// Layout says where everything of a platform is on this machine.
type Layout struct {
	Platform  *spec.Platform
	Regions   []string  // that run here
	Root      string    // data directory
	Servers   int       // of the control plane: 1, or an odd number that decides together
	Elsewhere []string  // names of the servers that run on machines of their own
	NetNS     bool      // each zone in a network namespace of its own
	Begun     time.Time // when `up` started the platform, the last time; zero: unknown
	ByRoot    bool      // root has started it, so that faults may mount disks
	Listen    string    // of API and console
	DNS       string    // of the name server that all edges of this machine share; empty: none
}

// ID returns the id of a zone's component.
func ID(region, zone, kind string) string { return region + "/" + zone + "/" + kind }

// Cluster returns the id of a region's cluster of an engine.
func Cluster(region, kind string) string { return region + "/" + kind }

// Member is a zone's name in the region's Patroni cluster.
func Member(region, zone string) string { return region + "-" + zone }

// ZoneNumber returns the zone's number, from 1.
func (l Layout) ZoneNumber(r spec.Region, zone string) int { return slices.Index(r.Zones, zone) + 1 }

// IP returns the address of a zone: 127.REGION.ZONE.1, or with network namespaces
// 10.REGION.ZONE.1, because loopback does not leave a namespace. Zone "" is the
// region's own host, where its edge runs.
func (l Layout) IP(region, zone string) string {
	r, _ := l.Platform.Region(region)
	net := 127
	if l.NetNS {
		net = 10
	}
	return fmt.Sprintf("%d.%d.%d.1", net, r.Number, l.ZoneNumber(r, zone))
}

// Partner returns the region that stands by for r, or that r stands by for, where it
// runs here; otherwise its name is empty.
func (l Layout) Partner(r spec.Region) spec.Region {
	if p, ok := l.Platform.Region(r.Pair); ok && slices.Contains(l.Regions, p.Name) {
		return p
	}
	return spec.Region{}
}

// Members returns where a region reaches the PostgreSQL members of another one.
func (l Layout) Members(from string, of spec.Region) []string {
	var out []string
	for _, z := range of.Zones {
		out = append(out, l.nearIP(from, of.Name, z))
	}
	return out
}

// Network returns the addresses that clients of a region's engines come from.
func (l Layout) Network() string {
	if l.NetNS {
		return "10.0.0.0/8"
	}
	return "127.0.0.0/8"
}

func (l Layout) Addr(region, zone string, port int) string {
	return l.IP(region, zone) + ":" + strconv.Itoa(port)
}

// Address returns where a zone's component serves.
func (l Layout) Address(region, zone, kind string) string {
	port := map[string]int{
		Etcd: EtcdPort, Postgres: spec.PostgresPort, Redis: spec.RedisPort, Sentinel: spec.SentinelPort, Kafka: spec.KafkaPort,
		GreenLang: AppPort, Edge: AppPort, HTTPS: HTTPSPort,
	}[kind]
	if port == 0 {
		return ""
	}
	return l.Addr(region, zone, port)
}

// EdgeAddress returns where a region's edge serves an engine, the application, or the
// application by HTTPS.
func (l Layout) EdgeAddress(region, kind string) string { return l.Address(region, "", kind) }

// Outside returns the addresses of a region that are in nobody's namespace: of its edge, of
// the servers, of object stores, and where other regions are reached.
func (l Layout) Outside(region string) []string {
	return slices.Concat([]string{l.IP(region, "")}, l.serverIPs(region), l.storeIPs(region), l.nearIPs(region))
}

// Dir returns the directory of a zone, or of a region's own host.
func (l Layout) Dir(region, zone string) string { return filepath.Join(l.Root, region, zone) }

// EdgeDir returns the directory of a region's edge.
func (l Layout) EdgeDir(region string) string { return filepath.Join(l.Root, region, Edge) }

// Bin returns the path of one of our own programs, copied to where the engines' user can run it.
func (l Layout) Bin(name string) string { return filepath.Join(l.Root, "bin", name) }

// EdgeCertificate returns the file with the certificate of a region's edge, and its key.
func (l Layout) EdgeCertificate(region string) string {
	return filepath.Join(l.EdgeDir(region), "https.pem")
}

// Redis is the policy of a region's Redis: what it asks of replicas and Sentinels is
// bounded by those that the region has.
func (l Layout) Redis(region string) spec.Redis {
	r, _ := l.Platform.Region(region)
	policy := l.Platform.Spec.Engines.Redis
	policy.MinReplicasToWrite = min(policy.MinReplicasToWrite, len(r.Zones)-1)
	policy.Quorum = min(policy.Quorum, len(r.Zones)/2+1)
	return policy
}

// Alone tells whether a region runs in one zone only.
func (l Layout) Alone(region string) bool {
	r, ok := l.Platform.Region(region)
	return ok && len(r.Zones) == 1
}

// APIName is the name under which customers find the platform.
const APIName = "api.greenlang.test"

func RegionNames(p *spec.Platform) []string {
	var out []string
	for _, r := range p.Spec.Regions {
		out = append(out, r.Name)
	}
	return out
}
