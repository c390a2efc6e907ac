package door

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/console"
)

// TestPlan walks testdata/plan.txt: a region in words, a fault, and what the
// console says before it lets anybody inject it.
func TestPlan(t *testing.T) {
	t.Parallel()
	var region api.Region
	datadriven.RunTest(t, "testdata/plan.txt", func(t *testing.T, d *datadriven.TestData) string {
		switch d.Cmd {
		case "region":
			region = readRegion(t, d.Input)
			return fmt.Sprintf("%d components\n", len(region.Components))
		case "fault":
			asked, err := readFault(region, func(name string) string {
				for _, a := range d.CmdArgs {
					if a.Key == name && len(a.Vals) == 1 {
						return a.Vals[0]
					}
				}
				return ""
			})
			if err != nil {
				return console.Sentence(console.TroubleOf(err).Text()) + ".\n" + console.TroubleOf(err).Todo() + "\n"
			}
			return planWords(planFault(region, asked))
		default:
			t.Fatalf("no verb is named %s", d.Cmd)
			return ""
		}
	})
}

// readRegion reads lines of ID, role and health, and one of readiness.
func readRegion(t *testing.T, text string) api.Region {
	r := api.Region{Name: "r", Zones: []string{"a", "b", "c"}, Running: true}
	for line := range strings.Lines(text) {
		if cluster, reason, found := strings.Cut(strings.TrimSpace(line), " not ready: "); found {
			r.Readiness = append(r.Readiness, api.Readiness{Cluster: cluster, Reasons: []string{reason}})
			continue
		}
		words := strings.Fields(line)
		if len(words) != 3 {
			t.Fatalf("want ID ROLE HEALTH: %q", line)
		}
		id := strings.Split(words[0], "/")
		c := api.Component{ID: words[0], Region: id[0], Kind: id[len(id)-1], Role: strings.Trim(words[1], "-"), Health: api.Health(words[2])}
		if len(id) == 3 {
			c.Zone = id[1]
		}
		r.Components = append(r.Components, c)
	}
	return r
}

func planWords(p console.Plan) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", p.Command)
	for _, line := range p.Blast {
		fmt.Fprintf(&b, "blast: %s\n", line)
	}
	for _, line := range p.Warnings {
		fmt.Fprintf(&b, "warning: %s\n", line)
	}
	return strings.ReplaceAll(b.String(), "\u00a0", " ")
}

// FuzzFault reads any form without panic, and plans only what is within bounds.
func FuzzFault(f *testing.F) {
	f.Add("zone-kill", "r/a", "30", "why")
	f.Add("postmaster-hang", "r/a/postgres", "-1", "")
	f.Add("", "/", "99999999999999999999", strings.Repeat("x", 300))
	region := api.Region{Name: "r", Zones: []string{"a"}, Components: []api.Component{{ID: "r/a/postgres", Zone: "a", Kind: "postgres", Role: "primary"}}}
	f.Fuzz(func(t *testing.T, kind, target, seconds, reason string) {
		form := map[string]string{"kind": kind, "target": target, "seconds": seconds, "reason": reason}
		asked, err := readFault(region, func(name string) string { return form[name] })
		if err != nil {
			return
		}
		if asked.Seconds < 1 || asked.Seconds > maxFaultSeconds || asked.Reason == "" || len(planFault(region, asked).Blast) < 2 {
			t.Errorf("planned out of bounds: %+v", asked)
		}
	})
}
