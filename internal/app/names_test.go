package app

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/greenlang/fournines/internal/assign"
	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/edge/config"
	edgedns "github.com/greenlang/fournines/internal/edge/dns"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/platformtest/loopback"
	"github.com/greenlang/fournines/internal/spec"
	"github.com/greenlang/fournines/internal/up"
	"github.com/greenlang/fournines/internal/wing"
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
	l := place.Layout{Platform: p, Regions: []string{"us-east-1", "us-west-2"}, DNS: place.DNSAddress}
	placed := availability.Place(p, l.Regions, nil, []availability.RegionWish{{Region: "us-east-1", Off: true}})
	d := assign.NameServer(l, "us-east-1", placed)
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

// A switch that is set in the journal reaches what a running edge answers; how long that
// takes is logged.
func TestASwitchReachesTheNames_7_1_2(t *testing.T) {
	t.Parallel()
	names := loopback.Free(t)
	a := newSiteOf(t, place.Installation{Regions: []string{"us-east-1", "eu-west-1"}, DNS: names}, func(text string) string { return text })
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	if err := os.MkdirAll(a.s.Layout.EdgeDir("us-east-1"), 0o700); err != nil {
		t.Fatal(err)
	}
	go func() { ended <- up.RunEdge(ctx, a.root, "us-east-1", slog.New(slog.DiscardHandler)) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	until := func(region string) time.Duration {
		t.Helper()
		began, want := time.Now(), a.s.Layout.IP(region, "")
		for last := ""; ; {
			q := new(dns.Msg)
			q.SetQuestion(place.APIName+".", dns.TypeA)
			if m, _, err := (&dns.Client{Timeout: 5 * time.Second}).Exchange(q, names); err == nil && len(m.Answer) == 1 {
				last = m.Answer[0].(*dns.A).A.String()
			}
			if last == want {
				return time.Since(began)
			}
			if time.Since(began) > 2*time.Minute {
				t.Fatalf("the answer is %q, and never became %s", last, want)
			}
		}
	}
	until("us-east-1")
	var took []time.Duration
	for i := range 20 {
		off, to := i%2 == 0, []string{"eu-west-1", "us-east-1"}[i%2]
		if err := wing.Record(t.Context(), a.s.House, availability.RegionSwitched, "us-east-1", availability.RegionWish{Region: "us-east-1", Off: off}); err != nil {
			t.Fatal(err)
		}
		took = append(took, until(to))
	}
	slices.Sort(took)
	t.Logf("a switch reached the answers within %.0f ms (median of %d), %.0f ms at most", took[len(took)/2].Seconds()*1000, len(took), took[len(took)-1].Seconds()*1000)
	namesAreCounted(t, a.s)
}

// namesAreCounted waits for the edge's report, and reads it as metrics and as a finding:
// no region of this site answers probes.
func namesAreCounted(t *testing.T, s *ServerApp) {
	t.Helper()
	want := []string{
		`fournines_dns_queries_total{edge="us-east-1",outcome="answered"}`, `fournines_dns_answers_total{edge="us-east-1",region="eu-west-1"}`,
		`fournines_dns_region_up{edge="us-east-1",region="eu-west-1"} 0`, `fournines_dns_fail_open{edge="us-east-1"} 1`,
	}
	limit := time.After(2 * time.Minute)
	for {
		changed := s.Facts.Changed()
		rec := httptest.NewRecorder()
		s.metrics().ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/metrics", nil))
		missing := slices.DeleteFunc(slices.Clone(want), func(line string) bool { return strings.Contains(rec.Body.String(), line) })
		if len(missing) == 0 {
			break
		}
		select {
		case <-changed:
		case <-limit:
			t.Fatalf("no %v in\n%s", missing, rec.Body)
		}
	}
	f, err := s.findings(time.Now())
	if !slices.ContainsFunc(f, func(f wing.Finding) bool { return f.Code == "names-fail-open" && f.Text == edgedns.AllDown }) || err != nil {
		t.Errorf("%+v %v", f, err)
	}
}
