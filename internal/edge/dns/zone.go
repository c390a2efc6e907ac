package dns

import (
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/greenlang/fournines/internal/edge/config"
)

// most is how many regions one answer names.
const most = 2

// negative is how long a resolver may remember that a name or type is not there.
const negative = 30 * time.Second

// zone answers questions by one configuration.
type zone struct {
	conf   *config.DNS
	up     func(region string) bool
	suffix string // of every service name: "api.greenlang.test."
}

func newZone(c *config.DNS, up func(string) bool) *zone {
	return &zone{conf: c, up: up, suffix: dns.CanonicalName(c.Service + "." + c.Zone)}
}

// answer fills the reply to one question and returns the prefix whose clients it is right for.
func (z *zone) answer(m *dns.Msg, q dns.Question, client netip.Addr, draw float64) netip.Prefix {
	name := dns.CanonicalName(q.Name)
	apex := dns.CanonicalName(z.conf.Zone)
	if !dns.IsSubDomain(apex, name) || q.Qclass != dns.ClassINET {
		m.Rcode = dns.RcodeRefused
		return netip.Prefix{}
	}
	m.Authoritative = true
	if name == apex {
		z.apex(m, q)
		return netip.Prefix{}
	}
	regions, prefix, known := z.regions(name, client, draw)
	if !known {
		m.Rcode = dns.RcodeNameError
		m.Ns = append(m.Ns, z.soa())
		return netip.Prefix{}
	}
	if q.Qtype == dns.TypeA || q.Qtype == dns.TypeANY {
		for _, r := range regions[:min(len(regions), most)] {
			a, err := netip.ParseAddr(r.Address)
			if err == nil {
				m.Answer = append(m.Answer, &dns.A{Hdr: z.header(q.Name, dns.TypeA), A: a.AsSlice()})
			}
		}
	}
	if len(m.Answer) == 0 {
		m.Ns = append(m.Ns, z.soa())
	}
	return prefix
}

// regions returns what a name of the zone stands for.
func (z *zone) regions(name string, client netip.Addr, draw float64) (out []config.DNSRegion, prefix netip.Prefix, known bool) {
	if name == z.suffix {
		out, prefix = Choose(z.conf, z.up, client, draw)
		return out, prefix, true
	}
	label, ok := strings.CutSuffix(name, "."+z.suffix)
	if !ok {
		return nil, prefix, name == "ns."+dns.CanonicalName(z.conf.Zone)
	}
	if cell, is := strings.CutPrefix(label, "cell-"); is {
		n, err := strconv.Atoi(cell)
		if err != nil || n < 0 || n >= len(z.conf.Cells) {
			return nil, prefix, false
		}
		label = z.conf.Cells[n]
	}
	for _, r := range z.conf.Regions {
		if r.Name == label {
			return []config.DNSRegion{r}, prefix, true
		}
	}
	return nil, prefix, false
}

func (z *zone) apex(m *dns.Msg, q dns.Question) {
	switch q.Qtype {
	case dns.TypeSOA:
		m.Answer = append(m.Answer, z.soa())
	case dns.TypeNS:
		m.Answer = append(m.Answer, &dns.NS{Hdr: z.header(q.Name, dns.TypeNS), Ns: "ns." + dns.CanonicalName(z.conf.Zone)})
	default:
		m.Ns = append(m.Ns, z.soa())
	}
}

func (z *zone) header(name string, kind uint16) dns.RR_Header {
	ttl := time.Duration(z.conf.TTL)
	return dns.RR_Header{Name: name, Rrtype: kind, Class: dns.ClassINET, Ttl: uint32(ttl.Seconds())}
}

func (z *zone) soa() dns.RR {
	apex := dns.CanonicalName(z.conf.Zone)
	h := dns.RR_Header{Name: apex, Rrtype: dns.TypeSOA, Class: dns.ClassINET, Ttl: uint32(negative.Seconds())}
	return &dns.SOA{Hdr: h, Ns: "ns." + apex, Mbox: "hostmaster." + apex, Serial: 1, Refresh: 300, Retry: 60, Expire: 86400, Minttl: uint32(negative.Seconds())}
}
