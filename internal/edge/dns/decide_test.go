package dns

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/greenlang/fournines/internal/edge/config"
)

func greenlang() config.DNS {
	return config.DNS{
		Zone: "greenlang.test.", Service: "api", ID: "us-east-1", Listen: []string{"127.0.0.1:0"}, TTL: config.Duration(5e9),
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

// TestScenarios_7_1_2 plays testdata/*.txt.
//
//	regions   "NAME [off] [down] [weight=N]", and forgets the table
//	near      "PREFIX NAME=MILLISECONDS ...": rows of the latency table
//	ask       "CLIENT ...": whom each client is answered, with the shares of those as near
func TestScenarios_7_1_2(t *testing.T) {
	t.Parallel()
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		var c config.DNS
		down := map[string]bool{}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			var out strings.Builder
			if d.Cmd == "regions" {
				c, down = config.DNS{}, map[string]bool{}
			}
			for line := range strings.Lines(d.Input) {
				w := strings.Fields(line)
				switch d.Cmd {
				case "regions":
					c.Regions = append(c.Regions, scenarioRegion(t, w, down))
				case "near":
					c.Near = append(c.Near, scenarioRow(t, w))
				case "ask":
					for _, client := range w {
						out.WriteString(scenarioAnswer(&c, down, client))
					}
				default:
					t.Fatalf("%s: command %q is unknown", d.Pos, d.Cmd)
				}
			}
			return out.String()
		})
	})
}

func scenarioRegion(t *testing.T, w []string, down map[string]bool) config.DNSRegion {
	r := config.DNSRegion{Name: w[0], Open: true}
	for _, x := range w[1:] {
		weight, is := strings.CutPrefix(x, "weight=")
		n, err := strconv.Atoi(weight)
		switch {
		case x == "off":
			r.Open = false
		case x == "down":
			down[r.Name] = true
		case is && err == nil:
			r.Weight = &n
		default:
			t.Fatalf("%q of region %s", x, w[0])
		}
	}
	return r
}

func scenarioRow(t *testing.T, w []string) config.DNSNetwork {
	n := config.DNSNetwork{Prefix: w[0], Milliseconds: map[string]float64{}}
	for _, x := range w[1:] {
		region, ms, _ := strings.Cut(x, "=")
		v, err := strconv.ParseFloat(ms, 64)
		if err != nil {
			t.Fatal(err)
		}
		n.Milliseconds[region] = v
	}
	return n
}

func scenarioAnswer(c *config.DNS, down map[string]bool, client string) string {
	var out strings.Builder
	n := newNear(c.Near)
	row, scope := n.find(netip.MustParseAddr(client))
	choice := Decide(c, func(r string) bool { return !down[r] }, n.ranked[row])
	fmt.Fprintf(&out, "%s/%d:", client, scope)
	for i, r := range choice.Ranked {
		if i < choice.Shared {
			fmt.Fprintf(&out, " %s(%d%%)", r.Name, 100*choice.share(i)/choice.total())
		} else {
			fmt.Fprintf(&out, " then %s", r.Name)
		}
	}
	if choice.Open != "" {
		fmt.Fprintf(&out, "; %s", choice.Open)
	}
	return out.String() + "\n"
}

// total is the sum of the shares.
func (c Choice) total() int {
	sum := 0
	for i := range c.Shared {
		sum += c.share(i)
	}
	return sum
}
