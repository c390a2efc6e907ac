package e2e

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/api"
	availabilitydoor "github.com/greenlang/fournines/internal/availability/door"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/platformtest"
)

const partner = "us-west-2"

// TestRegions is the life of a home region and its partner: its scenarios share the
// platform and leave it whole (rows 7.1.1, 7.1.2, 7.1.9, 7.1.12).
func TestRegions(t *testing.T) {
	p := platformtest.Start(t, platformtest.Options{
		Kafka: true, Args: []string{"--servers", "3", "--regions", platformtest.Region + "," + partner},
	})
	p.Healthy()
	for _, scenario := range []struct {
		name string
		run  func(*testing.T, *platformtest.Platform)
	}{
		{"MovesAreRefused", movesAreRefused},
		{"AnyEdgeServesEveryCustomer_7_1_1", anyEdge},
		{"OneWayIsCut_7_5_1", oneWayIsCut},
		{"CutEndsAlone_7_5_1", cutEndsAlone},
		{"Drill_7_1_6_BrokerLoss", drillPasses("broker-loss")},
		{"Drill_7_1_6_KafkaEmpty", drillPasses("kafka-empty")},
		{"Drill_7_1_6_MirrorPoisoned", drillPasses("mirror-poisoned")},
		{"BrokersAreRestarted_7_1_6", brokersAreRestarted},
		{"MirrorIsKilled_7_1_6", mirrorIsKilled},
		{"ObjectsAreReplicated_7_1_7", objectsAreReplicated},
		{"TheStoreIsKilled_7_1_7", storeIsKilled},
		{"Drill_7_1_9_ControlPlaneLoss", drillPasses("control-plane-loss")},
		{"TheLeaderIsCutOff_7_1_9", leaderIsCutOff},
		{"JournalsAreOne_7_8_5", journalsAreOne},
		{"Drill_7_1_9_RegionMove", drillPasses("region-move")},
		{"Drill_7_1_7_ObjectsPoisoned", drillPasses("objects-poisoned")},
		{"Drill_7_1_9_PartnerBehind", drillPasses("partner-behind")},
		{"TheOldRegionStaysFenced", staysFenced},
		{"Drill_7_1_9_RegionLossAndTheServerDies", lossWithDeath},
		{"JournalVerifies_7_8_5", journalVerifies},
	} {
		if !t.Run(scenario.name, func(t *testing.T) { scenario.run(t, p.In(t)); p.In(t).Healthy() }) {
			break // the rest would only repeat that the platform is not whole
		}
	}
}

func homes(t *testing.T, p *platformtest.Platform) availabilitydoor.Home {
	t.Helper()
	var all struct{ Items []availabilitydoor.Home }
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := p.Client.Call(ctx, http.MethodGet, "/v1/homes", "", nil, &all); err != nil {
		t.Fatal(err)
	}
	if len(all.Items) != 1 || all.Items[0].Region != platformtest.Region {
		t.Fatalf("homes %+v", all.Items)
	}
	return all.Items[0]
}

func movesAreRefused(t *testing.T, p *platformtest.Platform) {
	for _, c := range []struct{ args, want string }{
		{"evacuate eu-west-1 --reason x --yes", "eu-west-1 is not a home"},
		{"evacuate nowhere --reason x --yes", `the platform has no region "nowhere"`},
		{"evacuate us-west-2 --reason x --yes", "us-west-2 is not a home"},
		{"evacuate us-east-1 --yes", "--reason is needed"},
		{"evacuate us-east-1 --graceful --ungraceful --reason x --yes", "exclude each other"},
		{"evacuate us-east-1 --practice --ungraceful --reason x --yes", "an exercise is graceful"},
		{"restore us-east-1 --reason x --yes", "are at home already"},
		{"route set us-east-1 off --reason x", "no other region could answer"},
		{"route set us-east-1 sideways --reason x", "neither on nor off"},
	} {
		out, code := p.Run(strings.Fields(c.args)...)
		if code == 0 || !strings.Contains(out, c.want) {
			t.Errorf("%s: exit %d, %q; want %q", c.args, code, out, c.want)
		}
	}
	if h := homes(t, p); h.Serving != platformtest.Region || !h.Open || !h.Plan.Ready || len(h.Cells) != 12 {
		t.Errorf("%+v", h)
	}
	out, code := p.Run("evacuate", platformtest.Region, "--plan", "-o", "json")
	var plan availabilitydoor.MovePlan
	if err := json.Unmarshal([]byte(out), &plan); err != nil || code != 0 || plan.To != partner || plan.NoReturn != "promote" {
		t.Errorf("exit %d, %v: %s", code, err, out)
	}
}

// anyEdge asks both regions' edges for a customer whose home is one of them.
func anyEdge(t *testing.T, p *platformtest.Platform) {
	for region := range p.Networks {
		if status, body := askEdge(t, p, region); status != http.StatusOK {
			t.Errorf("edge of region %s: %d %s", region, status, body)
		}
	}
}

// askEdge reads as a customer does, at the edge of this region.
func askEdge(t *testing.T, p *platformtest.Platform, region string) (status int, body string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.Networks[region].Host(0, 1, 8080)+"/v1/customers?limit=1", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Customer", "ada")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // it is read to its end
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

// answers returns what the platform's DNS says of the service's name.
func answers(t *testing.T, p *platformtest.Platform) []string {
	t.Helper()
	i, _, err := place.LoadInstallation(p.Root)
	if err != nil {
		t.Fatal(err)
	}
	r := net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, network, i.DNS)
	}}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	out, err := r.LookupHost(ctx, place.APIName+".")
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func run(t *testing.T, p *platformtest.Platform, args ...string) string {
	t.Helper()
	out, code := p.Run(args...)
	if code != 0 {
		t.Fatalf("%v: exit %d: %s", args, code, out)
	}
	return out
}

// staysFenced evacuates a dead region and lets it come back: it believes that it leads,
// and must not, until somebody restores it.
func staysFenced(t *testing.T, p *platformtest.Platform) {
	run(t, p, "fault", "inject", "region-kill", platformtest.Region, "--for", "5m", "--reason", "test", "--yes")
	run(t, p, "evacuate", platformtest.Region, "--ungraceful", "--reason", "test", "--yes")
	if got := answers(t, p); !slices.Equal(got, []string{p.Networks[partner].IP(0, 1)}) {
		t.Errorf("DNS answers %v after the evacuation", got)
	}
	faults := strings.Fields(run(t, p, "fault", "list", "-o", "name"))
	run(t, p, "fault", "clear", faults[0])
	p.Await("the region does not come back", func(s api.Status) string {
		for _, r := range s.Regions {
			for _, c := range r.Components {
				if r.Name == platformtest.Region && (c.Kind == "node" || c.Kind == "etcd" || c.Kind == "redis") && c.Health != api.Healthy {
					return c.ID + " is " + string(c.Health)
				}
			}
		}
		return ""
	})
	for _, r := range status(t, p).Regions {
		for _, c := range r.Components {
			if r.Name == platformtest.Region && c.Role == "primary" {
				t.Errorf("%s leads although its region is fenced", c.ID)
			}
		}
	}
	out, code := p.Run("evacuate", platformtest.Region, "--reason", "again", "--yes")
	if code == 0 || !strings.Contains(out, "served by us-west-2 already") {
		t.Errorf("exit %d: %s", code, out)
	}
	run(t, p, "restore", platformtest.Region, "--reason", "test", "--yes")
	if got := answers(t, p); !slices.Equal(got, []string{p.Networks[platformtest.Region].IP(0, 1)}) {
		t.Errorf("DNS answers %v after the way home", got)
	}
}

// lossWithDeath kills the server that leads with SIGKILL while a region that was lost is evacuated: the drill
// passes as it does without.
func lossWithDeath(t *testing.T, p *platformtest.Platform) {
	report := make(chan api.DrillReport, 1)
	go func() { report <- p.Drill("region-loss") }()
	p.Await("the evacuation does not begin", func(s api.Status) string {
		for _, o := range s.Operations {
			if o.Kind == "region.evacuate" {
				return ""
			}
		}
		return "no evacuation yet"
	})
	kill(t, p, leadingServer(t, p))
	passes(t, <-report)
}

func status(t *testing.T, p *platformtest.Platform) api.Status {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	s, err := p.Status(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
