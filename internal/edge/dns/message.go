package dns

import (
	"encoding/binary"
	"net/netip"

	"github.com/miekg/dns"
)

// reply writes the answer to one message into out, which holds the largest message of
// its transport; nil: nothing is said.
func (s *Server) reply(m []byte, from netip.Addr, tcp bool, out []byte) []byte {
	z := s.zone.Load()
	if z == nil || len(m) < headerSize || m[2]&flagQR != 0 {
		s.counts[Ignored].Add(1)
		return nil
	}
	if !tcp && !s.limit.Load().take(from, s.opt.Now()) {
		return s.beyond(m, out)
	}
	if n, r, ok := z.fast(m, from, s.opt.Rand, out); ok {
		s.counts[r.outcome].Add(1)
		if r.tallies != nil {
			r.tallies.answers.Add(1)
		}
		return out[:n]
	}
	return s.slow(m, from, tcp, out)
}

// slow answers what the fast path does not take.
func (s *Server) slow(m []byte, from netip.Addr, tcp bool, out []byte) []byte {
	q := new(dns.Msg)
	if err := q.Unpack(m); err != nil {
		s.counts[Malformed].Add(1)
		return bare(m, dns.RcodeFormatError, out)
	}
	answer, outcome := s.Answer(q, from)
	s.counts[outcome].Add(1)
	if answer == nil {
		return nil
	}
	size := dns.MaxMsgSize
	if !tcp {
		size = dns.MinMsgSize
		if o := q.IsEdns0(); o != nil {
			size = min(udpSize, max(size, int(o.UDPSize())))
		}
	}
	answer.Truncate(size)
	b, err := answer.PackBuffer(out)
	if err != nil || len(b) > size {
		return bare(m, dns.RcodeServerFailure, out)
	}
	return b
}

// bare is an answer that is a header alone.
func bare(m []byte, rcode byte, out []byte) []byte {
	return append(out[:0], m[0], m[1], flagQR|m[2]&0x79, rcode, 0, 0, 0, 0, 0, 0, 0, 0)
}

// beyond answers one half of what is above the limit truncated, as response rate limiting does: a
// forged address receives no more bytes than were sent, and a real client retries by TCP.
func (s *Server) beyond(m []byte, out []byte) []byte {
	end := questionEnd(m)
	if s.opt.Rand()&1 == 0 || end == 0 || end > len(out) {
		s.counts[Dropped].Add(1)
		return nil
	}
	s.counts[Truncated].Add(1)
	out = append(out[:0], m[0], m[1], flagQR|flagTC|m[2]&0x79, 0, 0, 1, 0, 0, 0, 0, 0, 0)
	return append(out, m[headerSize:end]...)
}

// questionEnd returns where the first question ends; 0 where there is none.
func questionEnd(m []byte) int {
	if binary.BigEndian.Uint16(m[4:]) != 1 {
		return 0
	}
	for i := headerSize; i < len(m) && m[i] < 64; i += 1 + int(m[i]) {
		if m[i] == 0 && i+5 <= len(m) {
			return i + 5
		}
	}
	return 0
}
