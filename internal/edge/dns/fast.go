package dns

import (
	"encoding/binary"
	"net/netip"

	"github.com/miekg/dns"
)

// Bits and sizes of the wire format (RFC 1035, 4.1; RFC 6891; RFC 7871).
const (
	headerSize = 12
	flagQR     = 0x80 // of the third byte
	flagAA     = 0x04
	flagTC     = 0x02
	flagRD     = 0x01
	flagAD     = 0x20 // of the fourth
	flagCD     = 0x10
	optSize    = 11 // of an OPT record without options
	flagDO     = 0x80
)

// query is one message of the common form, as the fast path reads it.
type query struct {
	key    [256]byte // the name, in lower case
	length int       // of the name
	end    int       // of the question, in the message
	inside bool      // the name is of the zone
	kind   uint16
	edns   bool
	do     bool
	size   int        // largest answer the asker takes
	subnet []byte     // option of the client's subnet, from its family on
	client netip.Addr // of the subnet; not valid: there is none
}

// fast writes the answer to a message of the common form into out: one question of class
// IN about the zone, at most EDNS with a client subnet, a cookie or padding beside it. ok
// is false for everything else, which [Server.Answer] takes; both answer alike.
func (z *zone) fast(m []byte, from netip.Addr, rand func() uint64, out []byte) (n int, r *reply, ok bool) {
	var q query
	if !z.read(m, &q) || !q.inside {
		return 0, nil, false
	}
	client := from
	if q.client.IsValid() {
		client = q.client
	}
	r, scope := z.find(z.names[string(q.key[:q.length])], q.kind, client, rand)
	total := q.end + len(r.tail)
	if q.edns {
		total += optSize
		if q.subnet != nil {
			total += 4 + len(q.subnet)
		}
	}
	if total > q.size || total > len(out) {
		return 0, nil, false
	}
	out = append(out[:0], m[0], m[1], flagQR|flagAA|m[2]&flagRD, m[3]&flagCD|byte(r.rcode), 0, 1)
	extra := r.counts[2]
	if q.edns {
		extra++
	}
	for _, c := range [3]uint16{r.counts[0], r.counts[1], extra} {
		out = binary.BigEndian.AppendUint16(out, c)
	}
	out = append(out, m[headerSize:q.end]...)
	out = append(out, r.tail...)
	if q.edns {
		out = q.opt(out, scope)
	}
	return len(out), r, true
}

// opt appends our OPT record, with the asker's subnet and the scope of the answer.
func (q *query) opt(out []byte, scope int) []byte {
	do := byte(0)
	if q.do {
		do = flagDO
	}
	out = append(out, 0, 0, byte(dns.TypeOPT), udpSize>>8, udpSize&0xff, 0, 0, do, 0)
	if q.subnet == nil {
		return append(out, 0, 0)
	}
	out = binary.BigEndian.AppendUint16(out, uint16(4+len(q.subnet)))
	out = binary.BigEndian.AppendUint16(out, dns.EDNS0SUBNET)
	out = binary.BigEndian.AppendUint16(out, uint16(len(q.subnet)))
	at := len(out)
	out = append(out, q.subnet...)
	if q.subnet[2] > 0 { // who gave no bit of the address got an answer for everybody
		out[at+3] = byte(scope)
	}
	return out
}

// read takes a message apart; false: it is not of the common form.
func (z *zone) read(m []byte, q *query) bool {
	if len(m) < headerSize || m[2]&^flagRD != 0 || m[3]&^(flagAD|flagCD) != 0 ||
		binary.BigEndian.Uint64(m[4:])&^1 != 1<<48 { // one question, and at most one additional record
		return false
	}
	if !z.question(m, q) {
		return false
	}
	q.size = dns.MinMsgSize
	if m[11] == 0 {
		return q.end == len(m)
	}
	return q.options(m[q.end:])
}

// question reads the name, its type and its class.
func (z *zone) question(m []byte, q *query) bool {
	i := headerSize
	for {
		if i >= len(m) || i-headerSize > 254 {
			return false
		}
		l := int(m[i])
		if l > 63 || i+l+5 > len(m) {
			return false
		}
		if l == 0 {
			break
		}
		i += 1 + l
	}
	i++
	q.length = copy(q.key[:], m[headerSize:i])
	if q.length != i-headerSize {
		return false
	}
	lower(q.key[:q.length])
	q.inside = within(q.key[:q.length], z.wire)
	q.kind, q.end = binary.BigEndian.Uint16(m[i:]), i+4
	return binary.BigEndian.Uint16(m[i+2:]) == dns.ClassINET
}

// within tells whether a name is a zone's apex or below it: at a boundary of labels.
func within(key []byte, apex string) bool {
	for at := 0; len(key)-at >= len(apex); at += 1 + int(key[at]) {
		if len(key)-at == len(apex) {
			return string(key[at:]) == apex
		}
		if key[at] == 0 {
			return false
		}
	}
	return false
}

// options reads the OPT record that ends the message.
func (q *query) options(b []byte) bool {
	if len(b) < optSize || b[0] != 0 || binary.BigEndian.Uint16(b[1:]) != dns.TypeOPT || b[5] != 0 || b[6] != 0 ||
		int(binary.BigEndian.Uint16(b[9:])) != len(b)-optSize {
		return false
	}
	q.edns, q.do = true, b[7]&flagDO != 0
	q.size = min(udpSize, max(dns.MinMsgSize, int(binary.BigEndian.Uint16(b[3:]))))
	for b = b[optSize:]; len(b) > 0; {
		if len(b) < 4 {
			return false
		}
		code, l := binary.BigEndian.Uint16(b), int(binary.BigEndian.Uint16(b[2:]))
		if len(b) < 4+l {
			return false
		}
		switch code {
		case dns.EDNS0SUBNET:
			if q.subnet != nil || !q.network(b[4:4+l]) {
				return false
			}
		case dns.EDNS0COOKIE, dns.EDNS0PADDING: // say nothing about the answer
		default:
			return false
		}
		b = b[4+l:]
	}
	return true
}

// network reads the client's subnet, as RFC 7871, 6 wants it: as many octets as the
// prefix needs, no bit set beyond it, and no scope.
func (q *query) network(o []byte) bool {
	if len(o) < 4 || o[0] != 0 || o[3] != 0 {
		return false
	}
	source, octets := int(o[2]), o[4:]
	if len(octets) != (source+7)/8 || (source%8 != 0 && octets[len(octets)-1]<<(source%8) != 0) {
		return false
	}
	switch {
	case o[1] == 1 && source <= 32:
		var a [4]byte
		copy(a[:], octets)
		q.client = netip.AddrFrom4(a)
	case o[1] == 2 && source <= 128:
		var a [16]byte
		copy(a[:], octets)
		q.client = netip.AddrFrom16(a)
	default:
		return false
	}
	q.subnet = o
	if source == 0 { // the asker's own address counts (RFC 7871, 7.1.2)
		q.client = netip.Addr{}
	}
	return true
}
