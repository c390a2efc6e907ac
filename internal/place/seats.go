package place

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/greenlang/fournines/internal/spec"
)

// Seat is one server's place. One server alone sits outside of every region; of several,
// each sits in a region of its own, so that no region takes two of them with it.
type Seat struct {
	Name   string // and directory below the root: server, or REGION/server
	Region string // empty: outside of every region
	Number int
}

// The hosts of servers in a region's own network, where zones have network namespaces
// and outside: the first server keeps the one that it has alone.
const (
	firstSeat = 2
	nextSeats = 10
)

func (s Seat) host() int {
	if s.Number == 0 {
		return firstSeat
	}
	return nextSeats + s.Number
}

// Seats returns the servers' places, the first of which founds the quorum. With three
// active regions or more there is one in each; with fewer the first sits outside of every
// region, so that the quorum outlives any of them.
func (l Layout) Seats() []Seat {
	if l.Servers <= 1 {
		return []Seat{{Name: Server}}
	}
	var active, passive []string
	for _, name := range l.Regions {
		if r, _ := l.Platform.Region(name); r.Role == spec.Active {
			active = append(active, name)
		} else {
			passive = append(passive, name)
		}
	}
	out := []Seat{}
	if len(active) < l.Servers {
		out = append(out, Seat{Name: Server})
	}
	for _, name := range slices.Concat(active, passive) {
		if len(out) < l.Servers {
			out = append(out, Seat{Name: Cluster(name, Server), Region: name, Number: len(out)})
		}
	}
	return out
}

// Seat returns the place of that name.
func (l Layout) Seat(name string) (Seat, error) {
	var names []string
	for _, s := range l.Seats() {
		if s.Name == name {
			return s, nil
		}
		names = append(names, s.Name)
	}
	return Seat{}, &spec.NoneOfError{What: "server", Value: name, Has: names}
}

// SeatDir returns the directory of a server.
func (l Layout) SeatDir(s Seat) string { return filepath.Join(l.Root, filepath.FromSlash(s.Name)) }

// SeatIP returns the address of a server and of its etcd, always on loopback.
func (l Layout) SeatIP(s Seat) string {
	name := s.Region
	if name == "" {
		name = l.Regions[0]
	}
	r, _ := l.Platform.Region(name)
	return fmt.Sprintf("127.%d.0.%d", r.Number, s.host())
}

// SeatListen returns where a server answers people and other servers.
func (l Layout) SeatListen(s Seat) string {
	if s.Number == 0 {
		return l.Listen
	}
	_, port, _ := strings.Cut(l.Listen, ":")
	return l.SeatIP(s) + ":" + port
}

// ServerListens returns where people and our own processes outside of namespaces reach the
// servers, the first one first.
func (l Layout) ServerListens() []string {
	var out []string
	for _, s := range l.Seats() {
		out = append(out, l.SeatListen(s))
	}
	return out
}

// ServerAddresses returns where the nodes of a region reach the servers: where people do, or
// with network namespaces hosts of the region's own, because loopback does not leave a namespace.
func (l Layout) ServerAddresses(region string) []string {
	if !l.NetNS {
		return l.ServerListens()
	}
	_, port, _ := strings.Cut(l.Listen, ":")
	var out []string
	for _, s := range l.Seats() {
		out = append(out, l.ServerIP(region, s)+":"+port)
	}
	return out
}

// ServerIP returns the address by which a server is reached from a region's namespaces.
func (l Layout) ServerIP(region string, s Seat) string {
	r, _ := l.Platform.Region(region)
	return fmt.Sprintf("10.%d.0.%d", r.Number, s.host())
}

func (l Layout) serverIPs(region string) []string {
	var out []string
	for _, s := range l.Seats() {
		out = append(out, l.ServerIP(region, s))
	}
	return out
}

// JournalDir returns the directory of a journal on this machine: the first server's, or
// where that was never here the next one's.
func (l Layout) JournalDir() string {
	seats := l.Seats()
	for _, s := range seats {
		if dir := filepath.Join(l.SeatDir(s), JournalDir); Exists(filepath.Join(dir, "key.pub")) {
			return dir
		}
	}
	return filepath.Join(l.SeatDir(seats[0]), JournalDir)
}

const JournalDir = "journal"

func Exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
