package dns

import (
	"encoding/binary"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/greenlang/fournines/internal/edge/config"
)

// How long resolvers may cache records that do not depend on health, in seconds.
const (
	negative = 30  // that a name or type is not there (RFC 2308)
	static   = 300 // which name servers there are
)

// zone is one configuration with one state of health, every answer made and packed ahead.
// It is read by many at once and never changed.
type zone struct {
	conf    *config.DNS
	apex    string // canonical
	wire    string // the apex as it is in messages
	names   map[string]*name
	missing *reply // that a name of the zone is not there
	near    *near
	open    string // why everybody's answers fail open
}

// name is what the zone has of one name.
type name struct {
	kinds map[uint16]*reply
	none  *reply  // that it has nothing of another type
	rows  []split // addresses by row of the latency table; nil: the same for everybody
}

// split is how clients of one row are shared out.
type split struct {
	total   int
	upto    []int // running sums of the shares
	replies []*reply
}

func newZone(c *config.DNS, up func(string) bool, count func(region string) *tallies) *zone {
	z := &zone{conf: c, apex: dns.CanonicalName(c.Zone), names: map[string]*name{}, near: newNear(c.Near)}
	z.wire = wireOf(z.apex)
	soa := []dns.RR{z.soa()}
	nodata := newReply(reply{outcome: NoData, ns: soa})
	z.missing = newReply(reply{outcome: NXDomain, rcode: dns.RcodeNameError, ns: soa})
	add := func(n string, kinds map[uint16]*reply, rows []split) {
		z.names[wireOf(n)] = &name{kinds: kinds, none: nodata, rows: rows}
	}
	one := map[string]*reply{}
	var servers, glue, all []dns.RR
	for _, r := range c.Regions {
		a := address(r)
		one[r.Name] = newReply(reply{outcome: Answered, answer: []dns.RR{a("", z.ttl())}, tallies: count(r.Name)})
		host := r.Name + ".ns." + z.apex
		servers = append(servers, &dns.NS{Hdr: header("", dns.TypeNS, static), Ns: host})
		glue, all = append(glue, a(host, static)), append(all, a("", static))
		add(host, byAddress(newReply(reply{outcome: Answered, answer: []dns.RR{a("", static)}})), nil)
		add(r.Name+"."+c.Service+"."+z.apex, byAddress(one[r.Name]), nil)
	}
	add("ns."+z.apex, byAddress(newReply(reply{outcome: Answered, answer: all})), nil)
	add(z.apex, map[uint16]*reply{
		dns.TypeSOA: newReply(reply{outcome: Answered, answer: soa}), dns.TypeANY: newReply(reply{outcome: Answered, answer: soa}),
		dns.TypeNS: newReply(reply{outcome: Answered, answer: servers, extra: glue}),
	}, nil)
	for i, r := range c.Cells {
		add("cell-"+strconv.Itoa(i)+"."+c.Service+"."+z.apex, byAddress(one[r]), nil)
	}
	add(c.Service+"."+z.apex, nil, z.splits(up, count))
	return z
}

// splits decides for each row of the latency table.
func (z *zone) splits(up func(string) bool, count func(string) *tallies) []split {
	made := map[string]*reply{} // rows repeat each other
	var out []split
	for row, far := range z.near.ranked {
		choice := Decide(z.conf, up, far)
		if row == 0 {
			z.open = choice.Open
		}
		var s split
		for i := range choice.Shared {
			picked := choice.pick(z.conf.Answers, i)
			var key strings.Builder
			var answer []dns.RR
			for _, r := range picked {
				key.WriteString(r.Name + " ")
				answer = append(answer, address(r)("", z.ttl()))
			}
			if made[key.String()] == nil {
				made[key.String()] = newReply(reply{outcome: Answered, answer: answer, tallies: count(picked[0].Name)})
			}
			s.total += choice.share(i)
			s.upto, s.replies = append(s.upto, s.total), append(s.replies, made[key.String()])
		}
		out = append(out, s)
	}
	return out
}

// find returns the reply to a question about a name of the zone, and the scope of the
// reply: how many bits of the client's address it is right for (RFC 7871).
func (z *zone) find(n *name, kind uint16, client netip.Addr, rand func() uint64) (r *reply, scope int) {
	switch {
	case n == nil:
		return z.missing, 0
	case n.rows != nil && (kind == dns.TypeA || kind == dns.TypeANY):
		row, scope := z.near.find(client)
		return n.rows[row].pick(rand), scope
	}
	if r = n.kinds[kind]; r == nil {
		r = n.none
	}
	return r, 0
}

func (s *split) pick(rand func() uint64) *reply {
	if len(s.replies) == 1 {
		return s.replies[0]
	}
	left := int(unit(rand()) * float64(s.total))
	for i, upto := range s.upto {
		if left < upto {
			return s.replies[i]
		}
	}
	return s.replies[0]
}

// unit turns random bits into a number in [0,1).
func unit(bits uint64) float64 { return float64(bits>>11) / (1 << 53) }

func byAddress(r *reply) map[uint16]*reply { return map[uint16]*reply{dns.TypeA: r, dns.TypeANY: r} }

// address returns a maker of a region's address records.
func address(r config.DNSRegion) func(owner string, ttl uint32) dns.RR {
	a, _ := netip.ParseAddr(r.Address) // validated before
	return func(owner string, ttl uint32) dns.RR {
		return &dns.A{Hdr: header(owner, dns.TypeA, ttl), A: a.AsSlice()}
	}
}

func header(owner string, kind uint16, ttl uint32) dns.RR_Header {
	return dns.RR_Header{Name: owner, Rrtype: kind, Class: dns.ClassINET, Ttl: ttl}
}

func (z *zone) ttl() uint32 { return uint32(time.Duration(z.conf.TTL).Seconds()) }

func (z *zone) soa() dns.RR {
	return &dns.SOA{Hdr: header(z.apex, dns.TypeSOA, negative), Ns: "ns." + z.apex, Mbox: "hostmaster." + z.apex, Serial: 1, Refresh: 300, Retry: 60, Expire: 86400, Minttl: negative}
}

// wireOf returns a name as it is in messages, in lower case; "" for what is no name.
func wireOf(n string) string {
	buf := make([]byte, 256)
	end, err := dns.PackDomainName(dns.CanonicalName(n), buf, 0, nil, false)
	if err != nil {
		return ""
	}
	lower(buf[:end])
	return string(buf[:end])
}

// lower makes ASCII letters small; the lengths of labels are below them.
func lower(b []byte) {
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + ('a' - 'A')
		}
	}
}

// reply is one answer, as records and packed.
type reply struct {
	outcome           Outcome
	rcode             int
	answer, ns, extra []dns.RR // an owner of "" is the name that was asked
	tail              []byte   // all records as they follow the question
	counts            [3]uint16
	tallies           *tallies // of the region that is named first; nil: none
}

// newReply packs a reply's records: an owner of "" becomes a pointer to the question's name.
func newReply(r reply) *reply {
	for i, section := range [][]dns.RR{r.answer, r.ns, r.extra} {
		r.counts[i] = uint16(len(section))
		for _, rr := range section {
			r.tail = append(r.tail, packed(rr)...)
		}
	}
	return &r
}

func packed(rr dns.RR) []byte {
	owner := []byte{0xc0, 12}
	if n := rr.Header().Name; n != "" {
		owner = []byte(wireOf(n))
	}
	alone := dns.Copy(rr)
	alone.Header().Name = "."
	buf := make([]byte, dns.MaxMsgSize)
	end, err := dns.PackRR(alone, buf, 0, nil, false)
	if err != nil { // it was made from validated words
		return binary.BigEndian.AppendUint16(owner, 0)
	}
	return append(owner, buf[1:end]...) // after the root's one byte
}
