package dns

import (
	"net/netip"

	"github.com/miekg/dns"
)

// udpSize is the largest answer over UDP that crosses every network (DNS Flag Day 2020), bytes.
const udpSize = 1232

// Answer returns the reply to a message from an address, nil when there is none. It takes
// every message; the fast path answers the common ones alike.
func (s *Server) Answer(q *dns.Msg, from netip.Addr) (*dns.Msg, Outcome) {
	z := s.zone.Load()
	if q.Response || z == nil {
		return nil, Ignored
	}
	m := new(dns.Msg)
	m.SetReply(q)
	edns := q.IsEdns0()
	if edns != nil {
		m.SetEdns0(udpSize, edns.Do())
	}
	switch {
	case q.Opcode != dns.OpcodeQuery:
		m.Rcode = dns.RcodeNotImplemented
		return m, NotImp
	case len(q.Question) != 1:
		m.Rcode = dns.RcodeFormatError
		return m, Malformed
	case edns != nil && edns.Version() != 0:
		m.Rcode = dns.RcodeBadVers
		return m, NotImp
	}
	client, subnet, ok := clientOf(edns, from)
	if !ok {
		m.Rcode = dns.RcodeFormatError
		return m, Malformed
	}
	r, scope := z.answer(m, q.Question[0], client, s.opt.Rand)
	if subnet != nil {
		back := *subnet
		if back.SourceNetmask > 0 {
			back.SourceScope = uint8(scope)
		}
		m.IsEdns0().Option = append(m.IsEdns0().Option, &back)
	}
	if r.tallies != nil {
		r.tallies.answers.Add(1)
	}
	return m, r.outcome
}

// clientOf returns whom the answer is for: the client whose subnet the asker gives, or
// else the asker. ok is false where the subnet is not as RFC 7871, 6 wants it.
func clientOf(edns *dns.OPT, from netip.Addr) (client netip.Addr, subnet *dns.EDNS0_SUBNET, ok bool) {
	if edns == nil {
		return from, nil, true
	}
	for _, o := range edns.Option {
		if x, is := o.(*dns.EDNS0_SUBNET); is {
			subnet = x
		}
	}
	if subnet == nil || subnet.Family == 0 {
		return from, subnet, subnet == nil || subnet.SourceScope == 0
	}
	raw := subnet.Address
	if v4 := raw.To4(); subnet.Family == 1 && v4 != nil {
		raw = v4
	}
	a, is := netip.AddrFromSlice(raw)
	if !is || subnet.SourceScope != 0 || int(subnet.SourceNetmask) > a.BitLen() {
		return from, subnet, false
	}
	if p, err := a.Prefix(int(subnet.SourceNetmask)); err != nil || p.Addr() != a {
		return from, subnet, false
	}
	if subnet.SourceNetmask == 0 {
		return from, subnet, true
	}
	return a, subnet, true
}

// answer fills in the reply to one question.
func (z *zone) answer(m *dns.Msg, q dns.Question, client netip.Addr, rand func() uint64) (r *reply, scope int) {
	key := wireOf(q.Name)
	switch {
	case q.Qclass == dns.ClassCHAOS && z.conf.ID != "" && dns.CanonicalName(q.Name) == "id.server." && (q.Qtype == dns.TypeTXT || q.Qtype == dns.TypeANY):
		h := dns.RR_Header{Name: q.Name, Rrtype: dns.TypeTXT, Class: dns.ClassCHAOS}
		r = &reply{outcome: Answered, answer: []dns.RR{&dns.TXT{Hdr: h, Txt: []string{z.conf.ID}}}}
	case q.Qclass != dns.ClassINET || !within([]byte(key), z.wire):
		m.Rcode = dns.RcodeRefused
		return &reply{outcome: Refused}, 0
	default:
		r, scope = z.find(z.names[key], q.Qtype, client, rand)
	}
	m.Authoritative, m.Rcode = true, r.rcode
	m.Answer, m.Ns = owned(r.answer, q.Name), owned(r.ns, q.Name)
	m.Extra = append(owned(r.extra, q.Name), m.Extra...)
	return r, scope
}

// owned returns records as the answers to a name.
func owned(in []dns.RR, name string) []dns.RR {
	var out []dns.RR
	for _, rr := range in {
		if rr.Header().Name == "" {
			rr = dns.Copy(rr)
			rr.Header().Name = name
		}
		out = append(out, rr)
	}
	return out
}
