package config

import (
	"net/netip"
	"strings"
)

// DNS is what the edge's authoritative name server answers (row 7.1.2): the service's
// name with the nearest region that is open and healthy, a cell's with the region that
// serves it, each region's own, and the name servers'.
type DNS struct {
	Zone    string       `json:"zone"`         // "greenlang.test."
	Service string       `json:"service"`      // "api": api.greenlang.test., cell-3.api.…, us-east-1.api.…
	ID      string       `json:"id,omitempty"` // of this server, for CH TXT id.server. (RFC 4892); empty: it is refused
	Listen  []string     `json:"listen"`       // UDP and TCP; the same address may be shared with other edges of this machine
	TTL     Duration     `json:"ttl"`
	Regions []DNSRegion  `json:"regions"`
	Cells   []string     `json:"cells,omitempty"` // region that serves each cell
	Near    []DNSNetwork `json:"near,omitempty"`  // how far regions are from whom; the longest prefix counts
	// Answers is how many regions one answer names; 0 means 1, because a resolver that
	// takes the second of two sends its clients far away.
	Answers int `json:"answers,omitempty"`
	// Limit is how many queries per second one client network (an IPv4 /24, an IPv6 /56)
	// may ask over UDP: beyond it one half is answered truncated, so that a real resolver
	// comes by TCP, and the other half is dropped. 0 means [DefaultDNSLimit] with loopback
	// exempt; a positive limit counts for loopback too; a negative one is none.
	Limit int `json:"limit,omitempty"`
}

// DefaultDNSLimit is how many queries per second a client network may ask over UDP.
const DefaultDNSLimit = 1000

// DNSRegion is one region that could be answered.
type DNSRegion struct {
	Name    string `json:"name"`
	Address string `json:"address"`         // of its edge, without a port
	Open    bool   `json:"open"`            // it serves, is not fenced, and its switch is on
	Probe   string `json:"probe,omitempty"` // host:port that is asked whether it is there; empty: it always counts as up
	Path    string `json:"path,omitempty"`  // that must answer 200-399; empty: a connection is enough
	// Weight is its share of the clients for whom it is as near as others, relative to
	// theirs; nil means [DefaultDNSWeight], 0 only when nothing else is left.
	Weight *int `json:"weight,omitempty"`
}

// The bounds of a region's weight, which are Route 53's.
const (
	DefaultDNSWeight = 100
	MaxDNSWeight     = 255
)

// Share returns the region's weight.
func (r DNSRegion) Share() int {
	if r.Weight == nil {
		return DefaultDNSWeight
	}
	return *r.Weight
}

// DNSNetwork says how far regions are from the clients of a network.
type DNSNetwork struct {
	Prefix       string             `json:"prefix"`       // "203.0.113.0/24"; 0.0.0.0/0 and ::/0 are everybody else
	Milliseconds map[string]float64 `json:"milliseconds"` // region → round trip; one that is absent is far
}

func (v *validator) dns(d *DNS) {
	if !strings.HasSuffix(d.Zone, ".") || !cleanWord(d.Zone) {
		v.add("dns: zone %q must be a full name that ends in a dot", d.Zone)
	}
	if !cleanWord(d.Service) || strings.Contains(d.Service, ".") || len(d.Service) > 63 {
		v.add("dns: service %q must be one label", d.Service)
	}
	if len(d.ID) > 255 || (d.ID != "" && !cleanWord(d.ID)) {
		v.add("dns: id %q must be a word of at most 255 bytes", d.ID)
	}
	v.dnsListen(d.Listen)
	v.notNegative("dns", map[string]Duration{"ttl": d.TTL})
	if d.Answers < 0 || d.Answers > 8 {
		v.add("dns: answers %d must be 0 to 8, or they would not fit into one packet", d.Answers)
	}
	names := v.dnsRegions(d.Regions)
	for i, r := range d.Cells {
		if !names[r] {
			v.add("dns: cell %d is served by %q, which is no region of it", i, r)
		}
	}
	for _, n := range d.Near {
		if p, err := netip.ParsePrefix(n.Prefix); err != nil || p != p.Masked() {
			v.add("dns: near: prefix %q must be a network, such as 203.0.113.0/24", n.Prefix)
		}
	}
}

func (v *validator) dnsListen(listen []string) {
	if len(listen) == 0 {
		v.add("dns: it listens nowhere: name at least one address:port")
	}
	for _, l := range listen {
		a, err := netip.ParseAddrPort(l)
		switch {
		case err != nil:
			v.add("dns: listen %q is no address:port: %v", l, err)
		case a.Addr().IsUnspecified():
			v.add("dns: listen %q is every address: name each one, because an answer must leave from the address that was asked", l)
		case !v.beyond && !a.Addr().IsLoopback():
			v.add("dns: listen %q is not a loopback address: use 127.0.0.0/8, or set beyondLoopback", l)
		}
	}
}

func (v *validator) dnsRegions(regions []DNSRegion) map[string]bool {
	names := map[string]bool{}
	for _, r := range regions {
		if a, err := netip.ParseAddr(r.Address); err != nil || !a.Is4() {
			v.add("dns: region %q: address %q is no IPv4 address", r.Name, r.Address)
		}
		if !cleanWord(r.Name) || len(r.Name) > 63 || names[r.Name] {
			v.add("dns: region %q is declared twice, or is no word", r.Name)
		}
		if w := r.Share(); w < 0 || w > MaxDNSWeight {
			v.add("dns: region %q: weight %d must be 0 to %d", r.Name, w, MaxDNSWeight)
		}
		names[r.Name] = true
		if r.Probe != "" {
			if err := address(r.Probe); err != nil {
				v.add("dns: region %q: probe %q: %v", r.Name, r.Probe, err)
			}
		}
	}
	if len(names) == 0 {
		v.add("dns: it has no regions, so it could answer nothing")
	}
	return names
}
