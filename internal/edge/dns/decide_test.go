package dns

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/greenlang/fournines/internal/edge/config"
)

func greenlang() config.DNS {
	return config.DNS{
		Zone: "greenlang.test.", Service: "api", Listen: []string{"127.0.0.1:0"}, TTL: config.Duration(5e9),
		Regions: []config.DNSRegion{
			{Name: "us-east-1", Address: "127.1.0.1", Open: true}, {Name: "eu-west-1", Address: "127.2.0.1", Open: true},
			{Name: "us-west-2", Address: "127.4.0.1"}, {Name: "eu-central-1", Address: "127.5.0.1", Open: true},
		},
		Cells: []string{"us-east-1", "eu-west-1", "us-east-1"},
		Near: []config.DNSNetwork{
			{Prefix: "0.0.0.0/0", Milliseconds: map[string]float64{"us-east-1": 10, "eu-west-1": 90, "eu-central-1": 100, "us-west-2": 5}},
			{Prefix: "198.51.100.0/24", Milliseconds: map[string]float64{"us-east-1": 80, "eu-west-1": 20, "eu-central-1": 22}},
			{Prefix: "198.51.0.0/16", Milliseconds: map[string]float64{"us-east-1": 1}},
		},
	}
}

func TestChoose_7_1_2(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, client, down string
		draw               float64
		change             func(*config.DNS)
		want, prefix       string
	}{
		{name: "the nearest first", client: "203.0.113.9", want: "us-east-1 eu-west-1 eu-central-1", prefix: "0.0.0.0/0"},
		{name: "the longest prefix counts", client: "198.51.100.7", want: "eu-west-1 eu-central-1 us-east-1", prefix: "198.51.100.0/24"},
		{name: "regions as near share the clients", client: "198.51.100.7", draw: 0.6, want: "eu-central-1 eu-west-1 us-east-1", prefix: "198.51.100.0/24"},
		{name: "one that is not in the table is far", client: "198.51.7.7", want: "us-east-1 eu-west-1 eu-central-1", prefix: "198.51.0.0/16"},
		{name: "a region that is down is left out", client: "203.0.113.9", down: "us-east-1", want: "eu-west-1 eu-central-1", prefix: "0.0.0.0/0"},
		{name: "everything looks dead: as if nothing were", client: "203.0.113.9", down: "us-east-1 eu-west-1 eu-central-1 us-west-2", want: "us-east-1 eu-west-1 eu-central-1", prefix: "0.0.0.0/0"},
		{name: "a closed region is left out although it is nearest", client: "203.0.113.9", change: func(c *config.DNS) { c.Regions[0].Open = false }, want: "eu-west-1 eu-central-1", prefix: "0.0.0.0/0"},
		{name: "every switch is off", client: "203.0.113.9", change: func(c *config.DNS) {
			for i := range c.Regions {
				c.Regions[i].Open = false
			}
		}, want: "us-west-2 us-east-1 eu-west-1 eu-central-1", prefix: "0.0.0.0/0"},
		{name: "no table: all are as near", client: "203.0.113.9", draw: 0.4, change: func(c *config.DNS) { c.Near = nil }, want: "eu-west-1 eu-central-1 us-east-1", prefix: "invalid Prefix"},
		{name: "a client of IPv6 has no row", client: "2001:db8::1", want: "us-east-1 eu-west-1 eu-central-1", prefix: "invalid Prefix"},
	} {
		conf := greenlang()
		if c.change != nil {
			c.change(&conf)
		}
		got, prefix := Choose(&conf, func(r string) bool { return !strings.Contains(c.down, r) }, netip.MustParseAddr(c.client), c.draw)
		var names []string
		for _, r := range got {
			names = append(names, r.Name)
		}
		if s := strings.Join(names, " "); s != c.want || prefix.String() != c.prefix {
			t.Errorf("%s: %s (%s), want %s (%s)", c.name, s, prefix, c.want, c.prefix)
		}
	}
}
