package dns

import (
	"encoding/binary"
	"net"
	"net/netip"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/greenlang/fournines/internal/edge/event"
	"github.com/greenlang/fournines/internal/platformtest/loopback"
)

func question(t *testing.T) []byte {
	t.Helper()
	q := new(dns.Msg)
	q.SetQuestion("api.greenlang.test.", dns.TypeA)
	b, err := q.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A flood from one network, and from a hundred thousand forged ones, costs the others nothing;
// an honest resolver beside the flooder is told to come by TCP, and is answered there.
func TestAFloodKeepsNobodyElseAway(t *testing.T) {
	t.Parallel()
	s := still(0)
	now, draw := time.Unix(1_800_000_000, 0), uint64(0)
	s.opt.Now = func() time.Time { return now }
	s.opt.Rand = func() uint64 { draw++; return draw }
	s.limit.Store(newLimit(100))
	m := question(t)
	var out [1 << 12]byte
	ask := func(from string, tcp bool) Outcome {
		b := s.reply(m, netip.MustParseAddr(from), tcp, out[:])
		switch {
		case b == nil:
			return Dropped
		case b[2]&flagTC != 0:
			if len(b) > len(m) {
				t.Fatalf("%d bytes for %d: a forged address would get more than was sent", len(b), len(m))
			}
			return Truncated
		}
		return Answered
	}
	var flood [outcomes]int
	for range 10_000 { // 10,000 queries in one second
		now = now.Add(100 * time.Microsecond)
		flood[ask("203.0.113.7", false)]++
		if now.UnixMicro()%20_000 == 0 && ask("198.51.100.1", false) != Answered {
			t.Fatal("a resolver of another network was not answered")
		}
	}
	if flood[Answered] < 150 || flood[Answered] > 250 || flood[Truncated] < 4000 || flood[Dropped] < 4000 {
		t.Errorf("flooder: %d answered, %d truncated, %d dropped; want about 200 (one second's burst and one second), and half of the rest each", flood[Answered], flood[Truncated], flood[Dropped])
	}
	if ask("203.0.113.99", true) != Answered {
		t.Error("the flooder's neighbour is not answered by TCP")
	}
	for i := range uint32(100_000) {
		var a [4]byte
		binary.BigEndian.PutUint32(a[:], 0x0b000000+i*256)
		s.limit.Load().take(netip.AddrFrom4(a), now)
	}
	if ask("198.51.100.1", false) != Answered {
		t.Error("forged addresses kept a resolver away")
	}
	if n := len(s.limit.Load().shards[0].now) + len(s.limit.Load().shards[0].old); n > 2*remembered {
		t.Errorf("%d networks are remembered", n)
	}
	now = now.Add(2 * time.Second)
	if ask("203.0.113.7", false) != Answered {
		t.Error("the flooder is not forgiven")
	}
}

// The limit's meanings: 0 spares loopback, a number counts for it, a negative one is none.
func TestWhomTheLimitSpares(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		limit       int
		from        string
		wantLimited bool
	}{{0, "127.0.0.1", false}, {0, "192.0.2.1", true}, {0, "2001:db8::1", true}, {5, "127.0.0.1", true}, {5, "::1", true}, {-1, "192.0.2.1", false}} {
		l, limited := newLimit(c.limit), false
		for range 2000 {
			limited = limited || !l.take(netip.MustParseAddr(c.from), time.Unix(1_800_000_000, 0))
		}
		if limited != c.wantLimited {
			t.Errorf("limit %d, from %s: limited %t", c.limit, c.from, limited)
		}
	}
}

// Over real sockets: garbage and silent connections arrive while an honest client asks.
func TestGarbageKeepsNobodyAway(t *testing.T) {
	t.Parallel()
	conf := greenlang()
	conf.Listen = []string{loopback.Free(t)}
	s := serve(t, conf, new(atomic.Value), func(event.Event) {})
	garbage, err := net.Dial("udp", conf.Listen[0])
	if err != nil {
		t.Fatal(err)
	}
	defer garbage.Close()
	for i := range 50 {
		silent, err := net.Dial("tcp", conf.Listen[0])
		if err != nil {
			t.Fatal(err)
		}
		defer silent.Close()
		for n := range 20 {
			if _, err := garbage.Write(make([]byte, 1+i*n)); err != nil {
				t.Fatal(err)
			}
		}
		for _, network := range []string{"udp", "tcp"} {
			if got := addresses(ask(t, network, conf.Listen[0], "api.greenlang.test.", dns.TypeA, "")); got != "127.1.0.1" {
				t.Fatalf("over %s: %s", network, got)
			}
		}
	}
	if st := s.State(); st.Outcomes["answered"] < 100 || st.Outcomes["malformed"] == 0 || st.Outcomes["ignored"] == 0 || st.Regions[0].Answers < 100 {
		t.Errorf("%+v", st)
	}
}

// What the common form leaves out: another class, a wrong subnet, an unknown EDNS.
func TestUncommonQuestions(t *testing.T) {
	t.Parallel()
	s := still(0)
	from := netip.MustParseAddr("203.0.113.1")
	subnet := func(family uint16, source, scope uint8, address string) *dns.EDNS0_SUBNET {
		return &dns.EDNS0_SUBNET{Code: dns.EDNS0SUBNET, Family: family, SourceNetmask: source, SourceScope: scope, Address: net.ParseIP(address)}
	}
	for _, c := range []struct {
		name   string
		change func(*dns.Msg)
		rcode  int
		text   string // of the first answer's data
	}{
		{"who is it", func(q *dns.Msg) { q.SetQuestion("ID.server.", dns.TypeTXT); q.Question[0].Qclass = dns.ClassCHAOS }, dns.RcodeSuccess, `"us-east-1"`},
		{"another thing of class CH", func(q *dns.Msg) {
			q.SetQuestion("version.bind.", dns.TypeTXT)
			q.Question[0].Qclass = dns.ClassCHAOS
		}, dns.RcodeRefused, ""},
		{"an operation", func(q *dns.Msg) { q.Opcode = dns.OpcodeUpdate }, dns.RcodeNotImplemented, ""},
		{"EDNS of a version to come", func(q *dns.Msg) { q.IsEdns0().SetVersion(1) }, dns.RcodeBadVers, ""},
		{"two questions", func(q *dns.Msg) { q.Question = append(q.Question, q.Question[0]) }, dns.RcodeFormatError, ""},
		{"a subnet with a scope", func(q *dns.Msg) { q.IsEdns0().Option = []dns.EDNS0{subnet(1, 24, 24, "198.51.100.0")} }, dns.RcodeFormatError, ""},
		{"a subnet of nobody", func(q *dns.Msg) { q.IsEdns0().Option = []dns.EDNS0{&dns.EDNS0_SUBNET{Code: dns.EDNS0SUBNET}} }, dns.RcodeSuccess, "127.1.0.1"},
		{"who hides", func(q *dns.Msg) { q.IsEdns0().Option = []dns.EDNS0{subnet(1, 0, 0, "0.0.0.0")} }, dns.RcodeSuccess, "127.1.0.1"},
		{"another server's id", func(q *dns.Msg) { q.IsEdns0().Option = []dns.EDNS0{&dns.EDNS0_NSID{Code: dns.EDNS0NSID}} }, dns.RcodeSuccess, "127.1.0.1"},
	} {
		q := new(dns.Msg)
		q.SetQuestion("api.greenlang.test.", dns.TypeA)
		q.SetEdns0(4096, false)
		c.change(q)
		m, outcome := s.Answer(q, from)
		text := ""
		if len(m.Answer) > 0 {
			text = m.Answer[0].String()
		}
		if m.Rcode != c.rcode || (c.text != "") != (outcome == Answered) || len(text) < len(c.text) || text[len(text)-len(c.text):] != c.text {
			t.Errorf("%s: %s, %v %q", c.name, outcome, dns.RcodeToString[m.Rcode], text)
		}
		if o := m.IsEdns0(); o != nil && len(o.Option) > 0 && o.Option[0].(*dns.EDNS0_SUBNET).SourceScope != 0 && c.rcode == 0 {
			t.Errorf("%s: scope %v", c.name, o.Option)
		}
	}
	// A bit set beyond the prefix, which no library sends.
	q := append(question(t), 0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 11, 0, 8, 0, 7, 0, 1, 20, 0, 198, 51, 100)
	q[11] = 1
	var out [udpSize]byte
	if b := s.reply(q, from, false, out[:]); b == nil || b[3]&15 != dns.RcodeFormatError {
		t.Errorf("a bit beyond the prefix: %x", b)
	}
}

// A flood over a real socket, as fast as this machine sends, while a resolver of another
// network asks as resolvers do: with three tries.
func TestAFloodOverASocket(t *testing.T) {
	t.Parallel()
	conf := greenlang()
	conf.Listen, conf.Limit = []string{loopback.Free(t)}, 50
	s := serve(t, conf, new(atomic.Value), func(event.Event) {})
	flood, err := net.Dial("udp", conf.Listen[0])
	if err != nil {
		t.Fatal(err)
	}
	stop, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for m := question(t); ; {
			select {
			case <-stop:
				return
			default:
				_, _ = flood.Write(m) // what the machine cannot take is lost
			}
		}
	}()
	defer func() {
		close(stop)
		<-ended
		flood.Close()
	}()
	honest := &dns.Client{Timeout: 5 * time.Second, Dialer: &net.Dialer{LocalAddr: &net.UDPAddr{IP: net.IPv4(127, 9, 9, 9)}}}
	for i := range 40 {
		for s.counts[Dropped].Load() < uint64(500*i) { // the flood goes on
			runtime.Gosched()
		}
		q := new(dns.Msg)
		q.SetQuestion("api.greenlang.test.", dns.TypeA)
		answered := false
		for try := 0; try < 3 && !answered; try++ {
			m, _, err := honest.Exchange(q, conf.Listen[0])
			answered = err == nil && !m.Truncated && addresses(m) == "127.1.0.1"
		}
		if !answered {
			t.Fatalf("question %d was not answered", i)
		}
	}
	if got := addresses(ask(t, "tcp", conf.Listen[0], "api.greenlang.test.", dns.TypeA, "")); got != "127.1.0.1" {
		t.Errorf("the flooder's neighbour by TCP: %s", got)
	}
}
