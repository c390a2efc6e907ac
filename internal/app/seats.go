package app

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/journal/seal"
	"github.com/greenlang/fournines/internal/spec"
)

// Seat is one server's place. One server alone sits outside of every region; of several,
// each sits in a region of its own, so that no region takes two of them with it.
type Seat struct {
	Name   string // and directory below the root: server, or REGION/server
	Region string // empty: outside of every region
	number int
}

// The hosts of servers in a region's own network, where zones have network namespaces
// and outside: the first server keeps the one that it has alone.
const (
	firstSeat = 2
	nextSeats = 10
)

func (s Seat) host() int {
	if s.number == 0 {
		return firstSeat
	}
	return nextSeats + s.number
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
			out = append(out, Seat{Name: Cluster(name, Server), Region: name, number: len(out)})
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
	return Seat{}, fmt.Errorf("this installation has no server %q; it has %s", name, strings.Join(names, ", "))
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
	if s.number == 0 {
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
		out = append(out, l.serverIP(region, s)+":"+port)
	}
	return out
}

// serverIP returns the address by which a server is reached from a region's namespaces.
func (l Layout) serverIP(region string, s Seat) string {
	r, _ := l.Platform.Region(region)
	return fmt.Sprintf("10.%d.0.%d", r.Number, s.host())
}

func (l Layout) serverIPs(region string) []string {
	var out []string
	for _, s := range l.Seats() {
		out = append(out, l.serverIP(region, s))
	}
	return out
}

// urls writes addresses as the kit's clients take them.
func urls(addresses []string) string { return "http://" + strings.Join(addresses, ",http://") }

// JournalDir returns the directory of a journal on this machine: the first server's, or
// where that was never here the next one's.
func (l Layout) JournalDir() string {
	seats := l.Seats()
	for _, s := range seats {
		if dir := filepath.Join(l.SeatDir(s), journalDir); exists(filepath.Join(dir, "key.pub")) {
			return dir
		}
	}
	return filepath.Join(l.SeatDir(seats[0]), journalDir)
}

const journalDir = "journal"

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// usualServers is how many servers an installation has that nobody says it of: as many as
// before, or else one for each of three active regions, or else one.
func usualServers(root string, p *spec.Platform, regions []string) int {
	if before, _, err := LoadInstallation(root); err == nil && before.Servers > 0 {
		return before.Servers
	}
	active := 0
	for _, name := range regions {
		if r, _ := p.Region(name); r.Role == spec.Active {
			active++
		}
	}
	if active >= 3 {
		return 3
	}
	return 1
}

// shareKeys gives the servers of an installation the one key with which they sign their
// journal, and the one of its persons' pseudonyms: those of a journal that is here already,
// or new ones.
func (u *Up) shareKeys() error {
	if u.Layout.Servers <= 1 {
		if exists(filepath.Join(u.Layout.Root, foundedFile)) {
			return fmt.Errorf("%s holds the journal of several servers, and one alone cannot decide: bring it up with --servers 3, or use another --data", u.Layout.Root)
		}
		return nil
	}
	if u.Layout.Servers%2 == 0 {
		return fmt.Errorf("--servers is %d: take an odd number, because half of an even one decides nothing", u.Layout.Servers)
	}
	seats := u.Layout.Seats()
	if len(seats) < u.Layout.Servers {
		return fmt.Errorf("--servers is %d, and the %d regions here have room for %d: one in each, and one outside", u.Layout.Servers, len(u.Layout.Regions), len(seats))
	}
	if alone := filepath.Join(u.Layout.Root, Server, journalDir); seats[0].Name != Server && exists(alone) {
		return fmt.Errorf("%s holds the journal of a server outside of the regions, and with these regions the servers sit in them: keep --servers 1, or use another --data", u.Layout.Root)
	}
	if u.Secrets.Journal == "" {
		key, err := journal.ReadKey(filepath.Join(u.Layout.SeatDir(seats[0]), journalDir))
		if errors.Is(err, fs.ErrNotExist) {
			key, err = journal.NewKey()
		}
		if err != nil {
			return err
		}
		u.Secrets.Journal = key
	}
	if u.Secrets.Pseudonyms == "" {
		key, err := u.pseudonyms(seats)
		if err != nil {
			return err
		}
		u.Secrets.Pseudonyms = hex.EncodeToString(key)
	}
	return u.Secrets.save(u.Layout.Root)
}

// pseudonyms returns the key of pseudonyms that a server has used, or a new one.
func (u *Up) pseudonyms(seats []Seat) ([]byte, error) {
	var found []byte
	for _, s := range seats {
		copies, err := seal.Copies(filepath.Join(u.Layout.SeatDir(s), personsDir))
		if err != nil {
			return nil, err
		}
		if key := copies[seal.PepperName]; key != nil && (found == nil || len(copies) > 1) {
			found = key
		}
	}
	if found == nil {
		found = seal.NewPepper()
	}
	return found, nil
}
