package spec

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// VantagePoint is a place outside every region from which a prober asks the platform as a
// customer does, once a second for each home (row 7.1.12).
type VantagePoint struct {
	Name        string   `json:"name" yaml:"name" jsonschema_description:"what the place is called, for example tokyo-isp"`
	Network     string   `json:"network,omitempty" yaml:"network,omitempty" jsonschema_description:"network of the customers for whom it asks names, as their resolvers send it (EDNS client subnet); its own when absent"`
	Homes       []string `json:"homes,omitempty" yaml:"homes,omitempty" jsonschema_description:"active regions for whose customers it stands; all when absent"`
	NameServers []string `json:"nameServers,omitempty" yaml:"nameServers,omitempty" jsonschema_description:"host:port of the platform's authoritative name servers as that place reaches them; those of the installation when absent"`
	Port        int      `json:"port,omitempty" yaml:"port,omitempty" jsonschema_description:"TCP port of the edges as that place reaches them, in cleartext; the installation's when absent"`
}

// Outside returns the vantage points: those declared, or one for each active region, in the
// network of clients that is nearest to it.
func (p *Platform) Outside() []VantagePoint {
	if len(p.Spec.VantagePoints) > 0 {
		out := slices.Clone(p.Spec.VantagePoints)
		for i := range out {
			if len(out[i].Homes) == 0 {
				for _, r := range p.ActiveRegions() {
					out[i].Homes = append(out[i].Homes, r.Name)
				}
			}
		}
		return out
	}
	var out []VantagePoint
	for _, r := range p.ActiveRegions() {
		out = append(out, VantagePoint{Name: "near-" + r.Name, Network: p.nearest(r.Name), Homes: []string{r.Name}})
	}
	return out
}

// nearest returns the first network of clients whose nearest region is this one, or nothing.
func (p *Platform) nearest(region string) string {
	for _, c := range p.Spec.Routing.Latency.Clients {
		best, ok := c.To[region]
		for _, d := range c.To {
			ok = ok && best <= d
		}
		if ok {
			return c.Prefix
		}
	}
	return ""
}

// vantagePoints checks where the platform is asked from.
func (v *validator) vantagePoints() {
	seen := map[string]int{}
	for i, p := range v.spec.VantagePoints {
		at := fmt.Sprintf("spec.vantagePoints[%d]", i)
		if p.Name == "" || strings.ContainsAny(p.Name, "/ #") {
			v.fail(at+".name", "write a name without blanks, / and #, for example tokyo-isp", nil, "is %q", p.Name)
		} else if first, twice := seen[p.Name]; twice {
			v.fail(at+".name", fmt.Sprintf("spec.vantagePoints[%d] has it already", first), nil, "is %q a second time", p.Name)
		}
		seen[p.Name] = i
		if p.Network != "" {
			if n, err := netip.ParsePrefix(p.Network); err != nil || n != n.Masked() {
				v.fail(at+".network", "write a network as ADDRESS/BITS, for example 198.51.100.0/24", nil, "is %q, which is no network", p.Network)
			}
		}
		for j, home := range p.Homes {
			if !slices.ContainsFunc(v.spec.Regions, func(r Region) bool { return r.Name == home && r.Role == Active }) {
				v.fail(fmt.Sprintf("%s.homes[%d]", at, j), "customers live in active regions", nil, "is %q, which is none", home)
			}
		}
		for j, s := range p.NameServers {
			if host, port, err := net.SplitHostPort(s); err != nil || host == "" || !isPort(port) {
				v.fail(fmt.Sprintf("%s.nameServers[%d]", at, j), "write HOST:PORT, for example 203.0.113.7:53", nil, "is %q", s)
			}
		}
		if p.Port < 0 || p.Port > 65535 {
			v.fail(at+".port", "a TCP port is 1 to 65535", nil, "is %d", p.Port)
		}
	}
}

func isPort(s string) bool {
	n, err := strconv.Atoi(s)
	return err == nil && n > 0 && n <= 65535
}
