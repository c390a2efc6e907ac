package app

import (
	"testing"

	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/edge/config"
	"github.com/greenlang/fournines/internal/spec"
)

// What an edge's name server is told: the regions that run here with their weights, the
// table about them alone, for both families, and its own name.
func TestNameServer_7_1_2(t *testing.T) {
	t.Parallel()
	p, err := spec.BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	p.Spec.Routing.Weights = map[string]int{"us-west-2": 0}
	l := Layout{Platform: p, Regions: []string{"us-east-1", "us-west-2"}, DNS: DNSAddress}
	placed := availability.Place(p, l.Regions, nil, []availability.RegionWish{{Region: "us-east-1", Off: true}})
	d := nameServer(l, "us-east-1", placed)
	if d.ID != "us-east-1" || len(d.Regions) != 2 || d.Regions[0].Open || d.Regions[0].Share() != config.DefaultDNSWeight || d.Regions[1].Share() != 0 {
		t.Errorf("%+v", d)
	}
	if len(d.Near) != 2+len(p.Spec.Routing.Latency.Clients) || d.Near[0].Prefix != "0.0.0.0/0" || d.Near[1].Prefix != "::/0" {
		t.Fatalf("%+v", d.Near)
	}
	for _, n := range d.Near {
		if len(n.Milliseconds) != 2 || n.Milliseconds["us-east-1"] < 1 {
			t.Errorf("%+v: want milliseconds of the two regions that run", n)
		}
	}
	c := config.Config{Version: 1, Region: "us-east-1", Cells: p.Spec.Cells.Count, DNS: d}
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
}
