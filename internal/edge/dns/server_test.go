package dns

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/greenlang/fournines/internal/edge/config"
	"github.com/greenlang/fournines/internal/edge/event"
	"github.com/greenlang/fournines/internal/platformtest/loopback"
)

// serve starts a server whose probes say what dead does not name.
func serve(t *testing.T, conf config.DNS, dead *atomic.Value, events func(event.Event)) *Server {
	t.Helper()
	s := New(Options{
		Now: time.Now, Rand: func() uint64 { return 0 }, Events: events, Logger: slog.New(slog.DiscardHandler),
		Probe: func(_ context.Context, address, _ string, _ time.Duration) error {
			if name, _ := dead.Load().(string); name != "" && strings.HasPrefix(address, name) {
				return errors.New("no answer")
			}
			return nil
		},
	})
	if err := s.Apply(conf); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s
}

func ask(t *testing.T, network, server, name string, kind uint16, subnet string) *dns.Msg {
	t.Helper()
	q := new(dns.Msg)
	q.SetQuestion(name, kind)
	if subnet != "" {
		p := netip.MustParsePrefix(subnet)
		q.SetEdns0(udpSize, false)
		o := &dns.EDNS0_SUBNET{Code: dns.EDNS0SUBNET, Family: 1, SourceNetmask: uint8(p.Bits()), Address: p.Addr().AsSlice()}
		q.IsEdns0().Option = append(q.IsEdns0().Option, o)
	}
	m, _, err := (&dns.Client{Net: network, Timeout: 10 * time.Second}).Exchange(q, server)
	if err != nil {
		t.Fatalf("ask %s for %s: %v", server, name, err)
	}
	return m
}

func addresses(m *dns.Msg) string {
	var out []string
	for _, rr := range m.Answer {
		if a, ok := rr.(*dns.A); ok {
			out = append(out, a.A.String())
		}
	}
	return strings.Join(out, " ")
}

func TestServer_7_1_2(t *testing.T) {
	t.Parallel()
	conf := greenlang()
	conf.Listen = []string{loopback.Free(t)}
	serve(t, conf, new(atomic.Value), func(event.Event) {})
	at := conf.Listen[0]
	for _, c := range []struct {
		name string
		kind uint16
		want string // rcode, addresses
	}{
		{"api.greenlang.test.", dns.TypeA, "NOERROR 127.1.0.1"},
		{"API.GreenLang.Test.", dns.TypeA, "NOERROR 127.1.0.1"},
		{"api.greenlang.test.", dns.TypeAAAA, "NOERROR "},
		{"cell-1.api.greenlang.test.", dns.TypeA, "NOERROR 127.2.0.1"},
		{"cell-2.api.greenlang.test.", dns.TypeA, "NOERROR 127.1.0.1"},
		{"cell-3.api.greenlang.test.", dns.TypeA, "NXDOMAIN "},
		{"cell-x.api.greenlang.test.", dns.TypeA, "NXDOMAIN "},
		{"us-west-2.api.greenlang.test.", dns.TypeA, "NOERROR 127.4.0.1"},
		{"nobody.greenlang.test.", dns.TypeA, "NXDOMAIN "},
		{"cell-01.api.greenlang.test.", dns.TypeA, "NXDOMAIN "},
		{"ns.greenlang.test.", dns.TypeA, "NOERROR 127.1.0.1 127.2.0.1 127.4.0.1 127.5.0.1"},
		{"us-west-2.ns.greenlang.test.", dns.TypeA, "NOERROR 127.4.0.1"},
		{"greenlang.test.", dns.TypeA, "NOERROR "},
		{"greenlang.test.", dns.TypeSOA, "NOERROR "},
		{"greenlang.test.", dns.TypeNS, "NOERROR "},
		{"example.com.", dns.TypeA, "REFUSED "},
	} {
		for _, network := range []string{"udp", "tcp"} {
			m := ask(t, network, at, c.name, c.kind, "")
			if got := dns.RcodeToString[m.Rcode] + " " + addresses(m); got != c.want {
				t.Errorf("%s %s over %s: %q, want %q", c.name, dns.TypeToString[c.kind], network, got, c.want)
			}
			if negative := m.Rcode == dns.RcodeNameError || (m.Rcode == dns.RcodeSuccess && len(m.Answer) == 0); negative && len(m.Ns) != 1 {
				t.Errorf("%s %s: a negative answer without the zone's SOA", c.name, dns.TypeToString[c.kind])
			}
			if m.Rcode != dns.RcodeRefused && !m.Authoritative {
				t.Errorf("%s: the answer has no authority", c.name)
			}
		}
	}
	m := ask(t, "udp", at, "api.greenlang.test.", dns.TypeA, "198.51.100.0/24")
	if got := addresses(m); got != "127.2.0.1" {
		t.Errorf("for a client of 198.51.100.0/24: %s", got)
	}
	if o, ok := m.IsEdns0().Option[0].(*dns.EDNS0_SUBNET); !ok || o.SourceScope != 24 {
		t.Errorf("scope %+v", m.IsEdns0().Option)
	}
	if m.Answer[0].Header().Ttl != 5 {
		t.Errorf("time to live %d s", m.Answer[0].Header().Ttl)
	}
}

// A region that dies leaves the answers by the edge's own probes, and one that is
// switched off at once.
func TestARegionLeavesTheAnswers(t *testing.T) {
	t.Parallel()
	conf := greenlang()
	conf.Listen = []string{loopback.Free(t)}
	for i := range conf.Regions {
		conf.Regions[i].Probe = conf.Regions[i].Address + ":1"
	}
	var dead atomic.Value
	events := make(chan event.Event, 16)
	s := serve(t, conf, &dead, func(e event.Event) { events <- e })
	next := func(kind event.Kind) {
		t.Helper()
		select {
		case e := <-events:
			if e.Kind != kind || e.Subject != "us-east-1" {
				t.Fatalf("%+v", e)
			}
		case <-time.After(time.Minute):
			t.Fatalf("no event %s", kind)
		}
	}
	at := func() string { return addresses(ask(t, "udp", conf.Listen[0], "api.greenlang.test.", dns.TypeA, "")) }
	dead.Store("127.1.")
	next(event.RegionDown)
	if got := at(); got != "127.2.0.1" {
		t.Errorf("without us-east-1: %s", got)
	}
	if r := s.State().Regions[0]; r.Up || r.Error == "" {
		t.Errorf("%+v", r)
	}
	dead.Store("none")
	next(event.RegionUp)
	off := conf
	off.Regions = append([]config.DNSRegion(nil), conf.Regions...)
	off.Regions[0].Open = false
	if err := s.Apply(off); err != nil {
		t.Fatal(err)
	}
	if got := at(); got != "127.2.0.1" {
		t.Errorf("switched off: %s", got)
	}
}

// The edges of one machine share an address: when one ends, the others answer on.
func TestAnAddressIsShared(t *testing.T) {
	t.Parallel()
	conf := greenlang()
	conf.Listen = []string{loopback.Free(t)}
	one := serve(t, conf, new(atomic.Value), func(event.Event) {})
	serve(t, conf, new(atomic.Value), func(event.Event) {})
	one.Stop()
	one.Stop()
	for range 20 { // from as many ports, which is how the kernel chooses
		if got := addresses(ask(t, "udp", conf.Listen[0], "api.greenlang.test.", dns.TypeA, "")); got == "" {
			t.Fatal("no answer")
		}
	}
}

func TestApplyThatCannotBindChangesNothing(t *testing.T) {
	t.Parallel()
	conf := greenlang()
	conf.Listen = []string{loopback.Free(t)}
	s := serve(t, conf, new(atomic.Value), func(event.Event) {})
	bad := conf
	bad.Listen = []string{"192.0.2.1:53"}
	if err := s.Apply(bad); err == nil || !strings.Contains(err.Error(), "192.0.2.1:53") {
		t.Fatal(err)
	}
	if got := addresses(ask(t, "udp", conf.Listen[0], "api.greenlang.test.", dns.TypeA, "")); got == "" {
		t.Fatal("it no longer answers")
	}
}
