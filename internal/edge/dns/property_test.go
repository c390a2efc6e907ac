package dns

import (
	"bytes"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/greenlang/fournines/internal/edge/event"
)

// still returns a server with answers and without sockets.
func still(draw uint64) *Server {
	conf := greenlang()
	s := New(Options{Now: time.Now, Rand: func() uint64 { return draw }, Events: func(event.Event) {}, Logger: slog.New(slog.DiscardHandler)})
	s.remake(&conf)
	return s
}

// same holds the fast path's answer against the slow path's: both must be the same
// message to who reads them.
func same(t *testing.T, s *Server, q []byte, from netip.Addr) (fast bool) {
	t.Helper()
	var out [udpSize]byte
	n, _, ok := s.zone.Load().fast(q, from, s.opt.Rand, out[:])
	if !ok {
		return false
	}
	slow := s.slow(q, from, false, make([]byte, udpSize))
	var a, b dns.Msg
	if err := a.Unpack(out[:n]); err != nil {
		t.Fatalf("the fast answer to %x cannot be read: %v: %x", q, err, out[:n])
	}
	if err := b.Unpack(slow); err != nil {
		t.Fatalf("the slow answer to %x cannot be read: %v: %x", q, err, slow)
	}
	if a.String() != b.String() {
		t.Fatalf("to %x\nfast: %v\nslow: %v", q, &a, &b)
	}
	a.Compress, b.Compress = false, false
	x, err1 := a.Pack()
	y, err2 := b.Pack()
	if err1 != nil || err2 != nil || !bytes.Equal(x, y) {
		t.Fatalf("to %x\nfast: %x\nslow: %x\n%v %v", q, x, y, err1, err2)
	}
	return true
}

// TestFastAnswersAreTheSlowOnes asks for every kind of name, type and subnet.
func TestFastAnswersAreTheSlowOnes(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	names := []string{
		"api.greenlang.test.", "API.greenLANG.tesT.", "cell-0.api.greenlang.test.", "cell-7.api.greenlang.test.", "us-west-2.api.greenlang.test.",
		"ns.greenlang.test.", "eu-west-1.ns.greenlang.test.", "greenlang.test.", "a.b.c.greenlang.test.", `\000\.x.greenlang.test.`, "evilgreenlang.test.", "example.com.", ".",
	}
	kinds := []uint16{dns.TypeA, dns.TypeAAAA, dns.TypeNS, dns.TypeSOA, dns.TypeANY, dns.TypeTXT, dns.TypeHTTPS, 65000}
	asked, fast := 0, 0
	for range 4 {
		s := still(r.Uint64())
		for _, n := range names {
			for _, k := range kinds {
				for edns := range 6 {
					q := new(dns.Msg)
					q.SetQuestion(n, k)
					q.Id, q.RecursionDesired, q.CheckingDisabled, q.AuthenticatedData = uint16(r.Uint32()), edns%2 == 0, edns%3 == 0, edns%4 == 0
					decorate(q, edns, r)
					b, err := q.Pack()
					if err != nil {
						t.Fatal(err)
					}
					asked++
					if same(t, s, b, netip.MustParseAddr("198.51.100.9")) {
						fast++
					}
				}
			}
		}
	}
	if fast < asked*3/4 {
		t.Errorf("of %d common questions only %d went the fast way", asked, fast)
	}
}

func decorate(q *dns.Msg, edns int, r *rand.Rand) {
	if edns == 0 {
		return
	}
	q.SetEdns0(uint16(r.Uint32()), edns%2 == 0)
	o := q.IsEdns0()
	switch edns {
	case 2, 3:
		bits := r.IntN(33)
		p := netip.PrefixFrom(netip.AddrFrom4([4]byte{198, 51, byte(100 + r.IntN(2)), byte(r.Uint32())}), bits).Masked()
		o.Option = append(o.Option, &dns.EDNS0_SUBNET{Code: dns.EDNS0SUBNET, Family: 1, SourceNetmask: uint8(bits), Address: p.Addr().AsSlice()})
	case 4:
		o.Option = append(o.Option, &dns.EDNS0_SUBNET{Code: dns.EDNS0SUBNET, Family: 2, SourceNetmask: 32, Address: netip.MustParseAddr("2001:db8::").AsSlice()})
	case 5:
		o.Option = append(o.Option, &dns.EDNS0_COOKIE{Code: dns.EDNS0COOKIE, Cookie: "0011223344556677"}, &dns.EDNS0_PADDING{Padding: make([]byte, 9)})
	}
}

// Whatever arrives, the server answers within the packet's bound or is silent, never
// breaks, and both ways answer alike.
func FuzzAnswer(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 2))
	for edns, kind := range []uint16{dns.TypeA, dns.TypeANY, dns.TypeSOA, dns.TypeNS, dns.TypeA, dns.TypeAAAA} {
		q := new(dns.Msg)
		q.SetQuestion(fmt.Sprintf("cell-%d.api.greenlang.test.", edns), kind)
		decorate(q, edns, r)
		b, err := q.Pack()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	s := still(1 << 63)
	from := netip.MustParseAddr("203.0.113.1")
	f.Fuzz(func(t *testing.T, b []byte) {
		same(t, s, b, from)
		var out [udpSize]byte
		o := s.reply(b, from, false, out[:])
		if o == nil {
			return
		}
		if len(o) > udpSize || len(o) < headerSize || !bytes.Equal(o[:2], b[:2]) || o[2]&flagQR == 0 {
			t.Fatalf("%x is answered %x", b, o)
		}
	})
}

func BenchmarkReply(b *testing.B) {
	s := still(1 << 63)
	q := new(dns.Msg)
	q.SetQuestion("api.greenlang.test.", dns.TypeA)
	decorate(q, 2, rand.New(rand.NewPCG(1, 2)))
	m, err := q.Pack()
	if err != nil {
		b.Fatal(err)
	}
	from := netip.MustParseAddr("203.0.113.1")
	var out [udpSize]byte
	for _, way := range []string{"fast", "slow"} {
		b.Run(way, func(b *testing.B) {
			for b.Loop() {
				if way == "slow" {
					s.slow(m, from, false, out[:])
				} else {
					s.zone.Load().fast(m, from, s.opt.Rand, out[:])
				}
			}
		})
	}
}
