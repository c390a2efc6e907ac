package netns

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"strings"
)

// Dir holds one mount for every namespace.
const Dir = "/run/fournines/netns"

const (
	routerName = "router" // the namespace of the router, beside those of the zones
	rootPort   = "root"   // the router's port towards the root namespace
	zoneDevice = "eth0"   // in a zone's namespace
)

// Zone is one zone and its only address outside its loopback.
type Zone struct {
	Name string // small letters, digits and dashes
	IP   netip.Addr
}

// Plan is the network of one region.
type Plan struct {
	Prefix string       // names all that is made; unique on the machine, see [Prefix]
	Zones  []Zone       // each gets a namespace
	Root   []netip.Addr // addresses of the caller's own namespace: of the edge and of the server
}

// Prefix returns the prefix for a region of the installation whose data are in dir: the
// same after every restart, and another one for every other directory or region.
func Prefix(dir, region string) string {
	sum := sha256.Sum256([]byte(dir + "\x00" + region))
	return "fn" + hex.EncodeToString(sum[:4])
}

// Path returns where the namespace of that name is mounted.
func Path(name string) string { return filepath.Join(Dir, name) }

// Path returns where the namespace of a zone is mounted; other processes enter by it.
func (p Plan) Path(zone string) string { return Path(p.Prefix + "-" + zone) }

// Network returns the region's network, 10.REGION.0.0/16. The plan must be valid.
func (p Plan) Network() netip.Prefix {
	n, _ := p.Root[0].Prefix(networkBits)
	return n
}

const networkBits = 16

// Validate says what is wrong with the plan, before anything is touched.
func (p Plan) Validate() error {
	if err := validPrefix(p.Prefix); err != nil {
		return err
	}
	if len(p.Zones) == 0 || len(p.Root) == 0 {
		return errors.New("plan network: there must be a zone and an address of the root namespace")
	}
	seen := map[string]bool{routerName: true}
	for _, z := range p.Zones {
		if seen[z.Name] || !isName(z.Name) {
			return fmt.Errorf("plan network: zone name %q is taken or is not of small letters, digits and dashes", z.Name)
		}
		seen[z.Name] = true
	}
	for _, ip := range p.addresses() {
		if !ip.Is4() || ip.As4()[0] != 10 || !p.Network().Contains(ip) {
			return fmt.Errorf("plan network: address %v is not inside one 10.REGION.0.0/16 with the others", ip)
		}
		if seen[ip.String()] || ip == gatewayOf(p.Network()) {
			return fmt.Errorf("plan network: address %v is given twice or is the router's", ip)
		}
		seen[ip.String()] = true
	}
	return nil
}

func (p Plan) addresses() []netip.Addr {
	out := append([]netip.Addr(nil), p.Root...)
	for _, z := range p.Zones {
		out = append(out, z.IP)
	}
	return out
}

// validPrefix keeps interface names within the kernel's 15 characters, and patterns of
// one prefix from matching another's files.
func validPrefix(s string) error {
	if len(s) < 3 || len(s) > 15 || s[0] < 'a' || s[0] > 'z' || strings.Contains(s, "-") || !isName(s) {
		return fmt.Errorf("plan network: prefix %q must be 3 to 15 small letters and digits, a letter first", s)
	}
	return nil
}

func isName(s string) bool {
	other := func(c rune) bool { return (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' }
	return s != "" && len(s) <= 63 && s[0] != '-' && strings.IndexFunc(s, other) < 0
}

// gatewayOf returns the router's address in a network, the last but one.
func gatewayOf(network netip.Prefix) netip.Addr {
	b := network.Addr().As4()
	return netip.AddrFrom4([4]byte{b[0], b[1], 255, 254})
}

// port returns the name of a zone's port at the router.
func (z Zone) port() string {
	b := z.IP.As4()
	return fmt.Sprintf("z%d-%d", b[2], b[3])
}

// RouterPath returns the path of the router that the zone's namespace at path hangs on.
func RouterPath(path string) (string, error) {
	prefix, zone, ok := strings.Cut(filepath.Base(path), "-")
	if !ok || zone == routerName || validPrefix(prefix) != nil {
		return "", fmt.Errorf("find router: %q is not the namespace of a zone; its name would be PREFIX-ZONE", path)
	}
	return filepath.Join(filepath.Dir(path), prefix+"-"+routerName), nil
}
