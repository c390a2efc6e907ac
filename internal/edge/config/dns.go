package config

import (
	"net/netip"
	"strings"
)

// DNS is what the edge's authoritative name server answers (row 7.1.2): the service's
// name with the nearest region that is open and healthy, a cell's with the region that
// serves it, and each region's own.
type DNS struct {
	Zone    string       `json:"zone"`    // "greenlang.test."
	Service string       `json:"service"` // "api": api.greenlang.test., cell-3.api.…, us-east-1.api.…
	Listen  []string     `json:"listen"`  // UDP and TCP; the same address may be shared with other edges of this machine
	TTL     Duration     `json:"ttl"`
	Regions []DNSRegion  `json:"regions"`
	Cells   []string     `json:"cells,omitempty"` // region that serves each cell
	Near    []DNSNetwork `json:"near,omitempty"`  // how far regions are from whom; the longest prefix counts
}

// DNSRegion is one region that could be answered.
type DNSRegion struct {
	Name    string `json:"name"`
	Address string `json:"address"`         // of its edge, without a port
	Open    bool   `json:"open"`            // it serves, is not fenced, and its switch is on
	Probe   string `json:"probe,omitempty"` // host:port that is asked whether it is there; empty: it always counts as up
	Path    string `json:"path,omitempty"`  // that must answer 200-399; empty: a connection is enough
}

// DNSNetwork says how far regions are from the clients of a network.
type DNSNetwork struct {
	Prefix       string             `json:"prefix"`       // "203.0.113.0/24"; 0.0.0.0/0 is everybody else
	Milliseconds map[string]float64 `json:"milliseconds"` // region → round trip; one that is absent is far
}

func (v *validator) dns(d *DNS) {
	if !strings.HasSuffix(d.Zone, ".") || !cleanWord(d.Zone) {
		v.add("dns: zone %q must be a full name that ends in a dot", d.Zone)
	}
	if !cleanWord(d.Service) || strings.Contains(d.Service, ".") {
		v.add("dns: service %q must be one label", d.Service)
	}
	if len(d.Listen) == 0 {
		v.add("dns: it listens nowhere: name at least one address:port")
	}
	for _, l := range d.Listen {
		a, err := netip.ParseAddrPort(l)
		switch {
		case err != nil:
			v.add("dns: listen %q is no address:port: %v", l, err)
		case !v.beyond && !a.Addr().IsLoopback():
			v.add("dns: listen %q is not a loopback address: use 127.0.0.0/8, or set beyondLoopback", l)
		}
	}
	v.notNegative("dns", map[string]Duration{"ttl": d.TTL})
	names := map[string]bool{}
	for _, r := range d.Regions {
		if a, err := netip.ParseAddr(r.Address); err != nil || !a.Is4() {
			v.add("dns: region %q: address %q is no IPv4 address", r.Name, r.Address)
		}
		if !cleanWord(r.Name) || names[r.Name] {
			v.add("dns: region %q is declared twice, or is no word", r.Name)
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
	for i, r := range d.Cells {
		if !names[r] {
			v.add("dns: cell %d is served by %q, which is no region of it", i, r)
		}
	}
	for _, n := range d.Near {
		if _, err := netip.ParsePrefix(n.Prefix); err != nil {
			v.add("dns: near: prefix %q: %v", n.Prefix, err)
		}
	}
}
