package assign

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/place/placetest"
)

// shapes are the layouts that an installation can have.
func shapes(t *testing.T) map[string]place.Layout {
	t.Helper()
	out := map[string]place.Layout{}
	add := func(name string, change func(*place.Layout)) {
		l := placetest.Layout(t)
		l.Listen = "127.0.0.1:9"
		change(&l)
		out[name] = l
	}
	pair, six := []string{"us-east-1", "us-west-2"}, place.RegionNames(placetest.Layout(t).Platform)
	add("one region", func(*place.Layout) {})
	add("a region that stands by, alone", func(l *place.Layout) { l.Regions = []string{"us-west-2"} })
	add("a pair", func(l *place.Layout) { l.Regions = pair })
	add("a pair with namespaces", func(l *place.Layout) { l.Regions, l.NetNS = pair, true })
	add("a pair with three servers", func(l *place.Layout) { l.Regions, l.Servers = pair, 3 })
	add("two of different pairs", func(l *place.Layout) { l.Regions = []string{"us-east-1", "eu-central-1"} })
	add("six", func(l *place.Layout) { l.Regions = six })
	add("six, lean", func(l *place.Layout) { l.Regions = six; place.Lean(l.Platform, six) })
	add("a pair without Kafka", func(l *place.Layout) { l.Regions, l.Platform.Spec.Engines.Kafka.Brokers = pair, 0 })
	add("a pair without mirrors", func(l *place.Layout) {
		l.Regions, l.Platform.Spec.Engines.Kafka.MirrorTo, l.Platform.Spec.Engines.Objects.ReplicateTo = pair, "", ""
	})
	return out
}

// What is declared is what is assigned, in every shape, and nothing differs once that runs: a
// component that is added to one and forgotten in the other fails here.
func TestNothingDiffersOnceWhatIsAssignedRuns_7_1_1(t *testing.T) {
	t.Parallel()
	programs := place.Programs{Kafka: place.Java{Program: "/java", Jars: []string{"/kafka.jar"}}}
	for name, l := range shapes(t) {
		for _, serves := range []string{"as at first", "everywhere", "nowhere"} {
			application := func(region string) bool {
				return serves == "everywhere" || serves == "as at first" && Applied(l, region)
			}
			var running []Running
			add := func(id, region string) {
				parts := strings.Split(id, "/")
				running = append(running, Running{ID: id, Region: region, Kind: parts[len(parts)-1], InSync: true})
			}
			for _, region := range l.Regions {
				add(place.Cluster(region, place.Edge), region)
				r, _ := l.Platform.Region(region)
				for _, zone := range r.Zones {
					add(place.ID(region, zone, place.Node), region)
					a, err := Assign(l, programs, place.Secrets{}, region, zone, Desired{Serves: application(region)})
					if err != nil {
						t.Fatal(err)
					}
					for _, u := range a.Units {
						add(place.ID(region, zone, u.Name), region)
					}
				}
			}
			for _, region := range l.ObjectRegions() {
				add(BucketUnit(l, place.Secrets{}, region, nil).Name, region)
			}
			if changes := Plan(l, application, running); len(changes) > 0 {
				t.Errorf("%s, the application %s: %s", name, serves, printChanges(changes))
			}
			if n := len(Plan(l, application, nil)); n != len(running) {
				t.Errorf("%s, the application %s: %d would be created, %d run", name, serves, n, len(running))
			}
		}
	}
}

// TestPlan runs testdata/plan. `plan regions=(…)` plans the built-in platform against the
// running components given by `running`, one a line: ID, then in-sync, out-of-sync or missing.
func TestPlan(t *testing.T) {
	t.Parallel()
	datadriven.Walk(t, "testdata/plan", func(t *testing.T, path string) {
		var running []Running
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			switch d.Cmd {
			case "running":
				running = runningFrom(d.Input)
				return fmt.Sprintf("%d components run\n", len(running))
			case "plan":
				l := placetest.Layout(t)
				regions, _ := d.Arg("regions")
				l.Regions = slices.Clone(regions.Vals)
				return printChanges(Plan(l, func(region string) bool { return Applied(l, region) }, running))
			}
			t.Fatalf("%s: unknown command %s", d.Pos, d.Cmd)
			return ""
		})
	})
}

func runningFrom(input string) []Running {
	var out []Running
	for line := range strings.Lines(input) {
		f := strings.Fields(line)
		parts := strings.Split(f[0], "/")
		out = append(out, Running{ID: f[0], Region: parts[0], Kind: parts[len(parts)-1], InSync: f[1] == "in-sync", Gone: f[1] == "missing", Detail: strings.Join(f[2:], " ")})
	}
	return out
}

func printChanges(all []Change) string {
	var b strings.Builder
	for _, c := range all {
		fmt.Fprintf(&b, "%s %s (%s)\n", c.Action, c.ID, c.Why)
	}
	if b.Len() == 0 {
		return "nothing\n"
	}
	return b.String()
}
