package app

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/greenlang/fournines/internal/driver/kafka"
	"github.com/greenlang/fournines/internal/driver/netns"
	"github.com/greenlang/fournines/internal/driver/patroni"
	"github.com/greenlang/fournines/internal/driver/redis"
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
	etcdPort   = 2379
	etcdPeer   = 2380
	appPort    = 8080
	HTTPSPort  = 8443             // of each edge's own address
	ConsoleURL = "127.0.0.1:9999" // API and console, by default
	DNSAddress = "127.0.0.1:9953" // names, by default
	dnsPort    = 9953             // of each edge's own address
)

// readyPath is where the application says whether it takes requests; name servers and
// health checkers ask it through the edges.
const readyPath = "/readyz"

// Layout says where everything of a platform is on this machine.
type Layout struct {
	Platform  *spec.Platform
	Regions   []string // that run here
	Root      string   // data directory
	Servers   int      // of the control plane: 1, or an odd number that decides together
	Elsewhere []string // names of the servers that run on machines of their own
	NetNS     bool     // each zone in a network namespace of its own
	Listen    string   // of API and console
	DNS       string   // of the name server that all edges of this machine share; empty: none
}

// ID returns the id of a zone's component.
func ID(region, zone, kind string) string { return region + "/" + zone + "/" + kind }

// Cluster returns the id of a region's cluster of an engine.
func Cluster(region, kind string) string { return region + "/" + kind }

// member is a zone's name in the region's Patroni cluster.
func member(region, zone string) string { return region + "-" + zone }

// Zone returns the zone's number, from 1.
func (l Layout) zoneNumber(r spec.Region, zone string) int { return slices.Index(r.Zones, zone) + 1 }

// IP returns the address of a zone: 127.REGION.ZONE.1, or with network namespaces
// 10.REGION.ZONE.1, because loopback does not leave a namespace. Zone "" is the
// region's own host, where its edge runs.
func (l Layout) IP(region, zone string) string {
	r, _ := l.Platform.Region(region)
	net := 127
	if l.NetNS {
		net = 10
	}
	return fmt.Sprintf("%d.%d.%d.1", net, r.Number, l.zoneNumber(r, zone))
}

// Partner returns the region that stands by for r, or that r stands by for, where it
// runs here; otherwise its name is empty.
func (l Layout) Partner(r spec.Region) spec.Region {
	if p, ok := l.Platform.Region(r.Pair); ok && slices.Contains(l.Regions, p.Name) {
		return p
	}
	return spec.Region{}
}

// members returns where a region reaches the PostgreSQL members of another one.
func (l Layout) members(from string, of spec.Region) []string {
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

func (l Layout) addr(region, zone string, port int) string {
	return l.IP(region, zone) + ":" + strconv.Itoa(port)
}

// Address returns where a zone's component serves.
func (l Layout) Address(region, zone, kind string) string {
	port := map[string]int{
		Etcd: etcdPort, Postgres: patroni.PostgresPort, Redis: redis.Port, Sentinel: redis.SentinelPort, Kafka: kafka.Port,
		GreenLang: appPort, Edge: appPort, HTTPS: HTTPSPort,
	}[kind]
	if port == 0 {
		return ""
	}
	return l.addr(region, zone, port)
}

// EdgeAddress returns where a region's edge serves an engine, the application, or the
// application by HTTPS.
func (l Layout) EdgeAddress(region, kind string) string { return l.Address(region, "", kind) }

// outside returns the addresses of a region that are in nobody's namespace: of its edge, of
// the servers, and where other regions are reached.
func (l Layout) outside(region string) []string {
	return slices.Concat([]string{l.IP(region, "")}, l.serverIPs(region), l.nearIPs(region))
}

// Namespaces returns the network namespaces of a region's zones.
func (l Layout) Namespaces(region string) (netns.Plan, error) {
	r, _ := l.Platform.Region(region)
	p := netns.Plan{Prefix: netns.Prefix(l.Root, region)}
	for _, a := range l.outside(region) {
		ip, err := netip.ParseAddr(a)
		if err != nil {
			return p, err
		}
		p.Root = append(p.Root, ip)
	}
	for _, z := range r.Zones {
		ip, err := netip.ParseAddr(l.IP(region, z))
		if err != nil {
			return p, err
		}
		p.Zones = append(p.Zones, netns.Zone{Name: z, IP: ip})
	}
	return p, nil
}

// Dir returns the directory of a zone, or of a region's own host.
func (l Layout) Dir(region, zone string) string { return filepath.Join(l.Root, region, zone) }

// EdgeDir returns the directory of a region's edge.
func (l Layout) EdgeDir(region string) string { return filepath.Join(l.Root, region, Edge) }

// Bin returns the path of one of our own programs, copied to where the engines' user can run it.
func (l Layout) Bin(name string) string { return filepath.Join(l.Root, "bin", name) }

// Ports returns every address that the platform listens on, with its component.
func (l Layout) Ports() map[string]string {
	out := map[string]string{}
	for _, s := range l.Seats() {
		for _, a := range l.seatAddresses(s) {
			if a != "" { // people are not listened for in tests
				out[a] = l.seatUnit(s)
			}
		}
	}
	if l.EmbedsObjects() {
		out[l.ObjectsAddress()] = Objects
	}
	for _, r := range l.Between().Relays {
		out[r.Near] = Wan
	}
	for _, name := range l.ObjectRegions() {
		out[l.BucketAddress(name)] = Cluster(name, Objects)
	}
	for _, name := range l.Regions {
		r, _ := l.Platform.Region(name)
		for _, z := range r.Zones {
			for _, k := range l.Kinds(name, z) {
				if a := l.Address(name, z, k); a != "" {
					out[a] = ID(name, z, k)
				}
				if k == Kafka {
					out[l.addr(name, z, kafka.ControllerPort)] = ID(name, z, k)
					if l.broker(name, z).Near != "" {
						out[l.addr(name, z, kafka.LinkPort)] = ID(name, z, k)
					}
				}
			}
			out[l.addr(name, z, etcdPeer)] = ID(name, z, Etcd)
			out[l.addr(name, z, patroni.RESTPort)] = ID(name, z, Postgres)
		}
		for _, k := range []string{Postgres, Redis, Edge, HTTPS} {
			out[l.EdgeAddress(name, k)] = Cluster(name, Edge)
		}
	}
	return out
}
