package spec

import (
	"fmt"
	"iter"
	"maps"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// Routing is how a customer finds a region (row 7.1.2).
type Routing struct {
	Policy  string         `json:"policy" yaml:"policy" jsonschema:"enum=latency"`
	TTL     Duration       `json:"ttl" yaml:"ttl" jsonschema_description:"time to live of a DNS answer"`
	Weights map[string]int `json:"weights,omitempty" yaml:"weights,omitempty" jsonschema_description:"each region's share of the clients for whom it is as near as others: 0 to 255, 100 when absent; 0 is only when nothing else is left"`
	Latency Latency        `json:"latency,omitzero" yaml:"latency,omitempty" jsonschema_description:"how far regions are from clients; unknown when absent, and regions share the clients by weight"`
	Links   []Link         `json:"links,omitempty" yaml:"links,omitempty" jsonschema_description:"what lies between regions; each link counts both ways unless its other way is given too"`
	Route53 Route53        `json:"route53,omitzero" yaml:"route53,omitempty" jsonschema_description:"hosted zone that answers as the regions' own name servers do; none when absent"`
}

// Latency is the table by which clients are sent to the nearest region.
type Latency struct {
	Default map[string]Duration `json:"default,omitempty" yaml:"default,omitempty" jsonschema_description:"round trip to each region from clients of no other row"`
	Clients []ClientNetwork     `json:"clients,omitempty" yaml:"clients,omitempty" jsonschema_description:"networks of clients; the longest prefix counts"`
}

// ClientNetwork is one row of the table.
type ClientNetwork struct {
	Prefix string              `json:"prefix" yaml:"prefix" jsonschema_description:"network of clients, for example 198.51.100.0/24 or 2001:db8::/32"`
	To     map[string]Duration `json:"to" yaml:"to" jsonschema_description:"round trip to each region; one that is absent is farther than all others"`
}

// Link is what lies between two regions.
type Link struct {
	From    string   `json:"from" yaml:"from" jsonschema_description:"region at one end"`
	To      string   `json:"to" yaml:"to" jsonschema_description:"region at the other end"`
	Latency Duration `json:"latency" yaml:"latency" jsonschema_description:"round trip between them; half of it is spent each way"`
	Loss    Ratio    `json:"loss,omitempty" yaml:"loss,omitempty" jsonschema_description:"share of the packets that are lost each way; none when absent"`
}

// Route53 is a hosted zone of AWS that makes the same decisions as the edges' name servers.
type Route53 struct {
	HostedZone      string            `json:"hostedZone" yaml:"hostedZone" jsonschema_description:"id of the hosted zone, for example Z0123456789ABCDEFGHIJ"`
	Name            string            `json:"name" yaml:"name" jsonschema_description:"the service's name in that zone, for example api.greenlang.com"`
	CredentialsFile string            `json:"credentialsFile" yaml:"credentialsFile" jsonschema_description:"absolute path of a shared credentials file, readable by its owner alone"`
	Endpoint        string            `json:"endpoint,omitempty" yaml:"endpoint,omitempty" jsonschema_description:"URL of another endpoint than AWS's own"`
	Addresses       map[string]string `json:"addresses,omitempty" yaml:"addresses,omitempty" jsonschema_description:"public IPv4 address of each region's edge; its address on this machine when absent"`
}

// Used tells whether a hosted zone is named.
func (r Route53) Used() bool { return r.HostedZone != "" }

// Link returns what lies between two regions, and whether the platform says so.
func (p *Platform) Link(from, to string) (Link, bool) {
	other, found := Link{}, false
	for _, l := range p.Spec.Routing.Links {
		switch {
		case l.From == from && l.To == to:
			return l, true
		case l.From == to && l.To == from:
			other, found = Link{From: from, To: to, Latency: l.Latency, Loss: l.Loss}, true
		}
	}
	return other, found
}

// maxWeight is the largest weight that Route 53 takes.
const maxWeight = 255

// maxLatency is longer than any round trip on Earth.
const maxLatency = Duration(10e9)

// routing checks weights, the latency table, links and the hosted zone (row 7.1.2).
func (v *validator) routing() {
	const path = "spec.routing"
	r := v.spec.Routing
	for name, w := range sorted(r.Weights) {
		at := path + ".weights." + name
		v.region(at, name)
		if w < 0 || w > maxWeight {
			v.fail(at, fmt.Sprintf("a weight is a whole number from 0 to %d", maxWeight), nil, "is %d", w)
		}
	}
	v.distances(path+".latency.default", r.Latency.Default)
	seen := map[netip.Prefix]int{}
	for i, c := range r.Latency.Clients {
		at := fmt.Sprintf("%s.latency.clients[%d]", path, i)
		v.prefix(at+".prefix", c.Prefix, i, seen)
		v.distances(at+".to", c.To)
		if len(c.To) == 0 {
			v.fail(at+".to", "write the round trip to at least one region, for example us-east-1: 12ms", nil, "names no region")
		}
	}
	if len(r.Latency.Clients) > 0 && len(r.Latency.Default) == 0 {
		v.fail(path+".latency.clients", "add a row spec.routing.latency.default: whoever is in no row could be sent around the world", nil, "is given without a default row")
	}
	v.links(path+".links", r.Links)
	v.route53(path+".route53", r.Route53)
}

func (v *validator) prefix(at, text string, i int, seen map[netip.Prefix]int) {
	p, err := netip.ParsePrefix(text)
	switch {
	case err != nil:
		v.fail(at, "write a network as ADDRESS/BITS, for example 198.51.100.0/24 or 2001:db8::/32", nil, "is %q, which is no network", text)
		return
	case p != p.Masked():
		v.fail(at, fmt.Sprintf("the network of that address is %s", p.Masked()), nil, "is %q, which has bits beyond its prefix", text)
	case p.Bits() == 0:
		v.fail(at, "everybody's row is spec.routing.latency.default", nil, "is %q, which is everybody", text)
	}
	if first, twice := seen[p]; twice {
		v.fail(at, fmt.Sprintf("spec.routing.latency.clients[%d] has it already", first), nil, "is %q a second time", text)
		return
	}
	seen[p] = i
}

func (v *validator) distances(path string, row map[string]Duration) {
	for name, d := range sorted(row) {
		v.region(path+"."+name, name)
		v.roundTrip(path+"."+name, d)
	}
}

func (v *validator) roundTrip(path string, d Duration) {
	if d <= 0 || d > maxLatency {
		v.fail(path, fmt.Sprintf("a round trip takes more than 0s and at most %s", maxLatency), nil, "is %s", d)
	}
}

// region demands the name of a region.
func (v *validator) region(path, name string) {
	for _, r := range v.spec.Regions {
		if r.Name == name {
			return
		}
	}
	v.fail(path, suggest(name, v.others("")), v.names(), "is about %q, and there is no such region", name)
}

func (v *validator) links(path string, links []Link) {
	first := map[[2]string]int{}
	for i, l := range links {
		at := fmt.Sprintf("%s[%d]", path, i)
		v.region(at+".from", l.From)
		v.region(at+".to", l.To)
		if l.From == l.To {
			v.fail(at+".to", "a link lies between two regions", nil, "is %q, where it begins", l.To)
		}
		if j, twice := first[[2]string{l.From, l.To}]; twice {
			v.fail(at+".to", fmt.Sprintf("%s[%d] is from %s to %s already", path, j, l.From, l.To), nil, "is %q a second time", l.To)
		}
		first[[2]string{l.From, l.To}] = i
		v.roundTrip(at+".latency", l.Latency)
		if l.Loss >= 1 {
			v.fail(at+".loss", "a link that loses everything is none: leave it out, or inject a partition", nil, "is %s", l.Loss)
		}
	}
}

func (v *validator) route53(path string, r Route53) {
	if r.HostedZone == "" && r.Name == "" && r.CredentialsFile == "" && r.Endpoint == "" && len(r.Addresses) == 0 {
		return
	}
	if !hostedZoneID(r.HostedZone) {
		v.fail(path+".hostedZone", "write the id of the zone, capital letters and digits, for example Z0123456789ABCDEFGHIJ", nil, "is %q", r.HostedZone)
	}
	labels := strings.Split(strings.TrimSuffix(r.Name, "."), ".")
	for _, l := range labels {
		if !isLabel(l) || len(labels) < 3 {
			v.fail(path+".name", "write the service's whole name below the zone's, in lower case, for example api.greenlang.com", nil, "is %q", r.Name)
			break
		}
	}
	if r.CredentialsFile == "" {
		v.fail(path+".credentialsFile", "write the absolute path of a shared credentials file", nil, "is empty")
	}
	v.absolute(path+".credentialsFile", r.CredentialsFile)
	if u, err := url.Parse(r.Endpoint); r.Endpoint != "" && (err != nil || u.Host == "" || u.User != nil || (u.Scheme != "http" && u.Scheme != "https")) {
		v.fail(path+".endpoint", "write http://HOST:PORT or https://HOST:PORT, without credentials", nil, "is %q", r.Endpoint)
	}
	for name, text := range sorted(r.Addresses) {
		v.region(path+".addresses."+name, name)
		if a, err := netip.ParseAddr(text); err != nil || !a.Is4() {
			v.fail(path+".addresses."+name, "write an IPv4 address, for example 203.0.113.7", nil, "is %q", text)
		}
	}
}

func hostedZoneID(s string) bool {
	for _, c := range s {
		if (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			return false
		}
	}
	return s != "" && len(s) <= 32
}

// sorted goes over a map in the order of its keys, so that errors have an order.
func sorted[T any](m map[string]T) iter.Seq2[string, T] {
	return func(yield func(string, T) bool) {
		for _, k := range slices.Sorted(maps.Keys(m)) {
			if !yield(k, m[k]) {
				return
			}
		}
	}
}
