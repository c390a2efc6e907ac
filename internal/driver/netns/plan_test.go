package netns_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/greenlang/fournines/internal/driver/netns"
)

func plan(prefix string) netns.Plan {
	ip := netip.MustParseAddr
	return netns.Plan{
		Prefix: prefix,
		Zones:  []netns.Zone{{Name: "a", IP: ip("10.7.1.1")}, {Name: "b", IP: ip("10.7.2.1")}, {Name: "c", IP: ip("10.7.3.1")}},
		Root:   []netip.Addr{ip("10.7.0.1"), ip("10.7.0.2")},
	}
}

func TestPlanRefuses(t *testing.T) {
	t.Parallel()
	ip := netip.MustParseAddr
	for name, c := range map[string]struct {
		change func(*netns.Plan)
		want   string // in the error; empty: none
	}{
		"nothing":              {func(*netns.Plan) {}, ""},
		"a long prefix":        {func(p *netns.Plan) { p.Prefix = "abcdefghijklmnop" }, "prefix"},
		"a dash in a prefix":   {func(p *netns.Plan) { p.Prefix = "fn-a" }, "prefix"},
		"a path in a prefix":   {func(p *netns.Plan) { p.Prefix = "../etc" }, "prefix"},
		"no zone":              {func(p *netns.Plan) { p.Zones = nil }, "must be a zone"},
		"no address for us":    {func(p *netns.Plan) { p.Root = nil }, "root namespace"},
		"the router's name":    {func(p *netns.Plan) { p.Zones[0].Name = "router" }, "taken"},
		"a zone twice":         {func(p *netns.Plan) { p.Zones[1].Name = "a" }, "taken"},
		"a path as a zone":     {func(p *netns.Plan) { p.Zones[1].Name = "a/b" }, "small letters"},
		"an address twice":     {func(p *netns.Plan) { p.Zones[1].IP = p.Root[0] }, "twice"},
		"two regions":          {func(p *netns.Plan) { p.Zones[1].IP = ip("10.8.2.1") }, "10.8.2.1"},
		"a public address":     {func(p *netns.Plan) { p.Root[0] = ip("192.0.2.1") }, "192.0.2.1"},
		"the router's address": {func(p *netns.Plan) { p.Root[1] = ip("10.7.255.254") }, "router's"},
		"a loopback address":   {func(p *netns.Plan) { p.Root[1] = ip("127.0.0.1") }, "127.0.0.1"},
		"an IPv6 address":      {func(p *netns.Plan) { p.Zones[2].IP = ip("fd00::1") }, "fd00::1"},
		"an address not made":  {func(p *netns.Plan) { p.Zones[2].IP = netip.Addr{} }, "invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := plan("fntest")
			c.change(&p)
			err := p.Validate()
			if c.want == "" && err != nil {
				t.Fatalf("refused: %v", err)
			}
			if c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Fatalf("got %v, want an error about %q", err, c.want)
			}
		})
	}
}

func TestPrefixTellsInstallationsApart(t *testing.T) {
	t.Parallel()
	one := netns.Prefix("/srv/one", "us-east-1")
	if one != netns.Prefix("/srv/one", "us-east-1") {
		t.Error("the same installation gets another prefix the next time")
	}
	if one == netns.Prefix("/srv/two", "us-east-1") || one == netns.Prefix("/srv/one", "us-west-2") {
		t.Error("two networks would share a prefix")
	}
	if err := plan(one).Validate(); err != nil {
		t.Error(err)
	}
}

func TestRouterPath(t *testing.T) {
	t.Parallel()
	p := plan("fntest")
	got, err := netns.RouterPath(p.Path("us-a"))
	if want := p.Path("router"); err != nil || got != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	for _, path := range []string{"", "/proc/1/ns/net", p.Path("router"), netns.Path("-a")} {
		if got, err := netns.RouterPath(path); err == nil {
			t.Errorf("%q: got %q, want an error", path, got)
		}
	}
}
