package e2e

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/greenlang/fournines/internal/api"
	availabilitydoor "github.com/greenlang/fournines/internal/availability/door"
	"github.com/greenlang/fournines/internal/driver/patroni"
	"github.com/greenlang/fournines/internal/driver/process"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/platformtest"
)

// declared is the round trip between the two regions in the built-in platform.
const declared = 60 * time.Millisecond

func links(t *testing.T, p *platformtest.Platform) []availabilitydoor.Distance {
	t.Helper()
	var all struct{ Items []availabilitydoor.Distance }
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := p.Client.Call(ctx, http.MethodGet, "/v1/links", "", nil, &all); err != nil {
		t.Fatal(err)
	}
	return all.Items
}

// open waits until both ways between the regions are measured and carry.
func open(t *testing.T, p *platformtest.Platform) {
	t.Helper()
	p.Await("the link does not carry both ways", func(api.Status) string {
		all := links(t, p)
		for _, d := range all {
			if d.Health != api.Healthy || d.RoundTripSeconds < declared.Seconds() {
				return fmt.Sprintf("%+v", d)
			}
		}
		if len(all) != 2 {
			return fmt.Sprintf("%d ways", len(all))
		}
		return ""
	})
}

// writables counts, from outside and until it is ended, how many members of both regions'
// databases would take a write at the same time.
type writables struct {
	most int
	stop context.CancelFunc
	done sync.WaitGroup
}

func countWritables(t *testing.T, p *platformtest.Platform) *writables {
	t.Helper()
	secrets, err := place.LoadSecrets(p.Root)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	w := &writables{stop: cancel}
	t.Cleanup(cancel)
	w.done.Go(func() {
		for ctx.Err() == nil {
			now := 0
			for _, region := range p.Networks {
				for zone := range 3 {
					if takesWrites(ctx, fmt.Sprintf("host=%s port=5432 user=%s password=%s dbname=postgres connect_timeout=2", region.IP(zone+1, 1), patroni.ProbeUser, secrets.Probe)) {
						now++
					}
				}
			}
			w.most = max(w.most, now)
		}
	})
	return w
}

func takesWrites(ctx context.Context, at string) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	c, err := pgx.Connect(ctx, at)
	if err != nil {
		return false
	}
	defer c.Close(context.WithoutCancel(ctx)) //nolint:errcheck // only read
	var follows bool
	return c.QueryRow(ctx, "select pg_is_in_recovery()").Scan(&follows) == nil && !follows
}

// end says how many took writes at once, at the most.
func (w *writables) end() int {
	w.stop()
	w.done.Wait()
	return w.most
}

func findingOf(s api.Status, code string) (api.Finding, bool) {
	i := slices.IndexFunc(s.Findings, func(f api.Finding) bool { return f.Code == code })
	if i < 0 {
		return api.Finding{}, false
	}
	return s.Findings[i], true
}

// oneWayIsCut loses what the serving region says to its partner, and nothing of what the
// partner says. Nobody else may come to lead, the copy falls behind, and the platform says
// what is cut and what a move would mean; when it is over the copy is whole again (row 7.5.1).
func oneWayIsCut(t *testing.T, p *platformtest.Platform) {
	open(t, p)
	before, w := leader(p.Healthy()), countWritables(t, p)
	id := strings.TrimSpace(run(t, p, "fault", "inject", "region-partition-out", platformtest.Region+":"+partner, "--for", "5m", "--reason", "test", "--yes", "-o", "name"))
	p.Await("the platform does not say what is cut", func(s api.Status) string {
		f, ok := findingOf(s, "link-cut")
		switch {
		case !ok:
			return "no finding"
		case f.Severity != "critical" || !strings.Contains(f.Title, "the link from us-east-1 to us-west-2 is cut") || len(f.Entries) == 0,
			!strings.Contains(f.Text, "although us-east-1 hears us-west-2") || !strings.Contains(f.Text, "nobody else takes writes for them"):
			return fmt.Sprintf("the finding %+v", f)
		}
		return ""
	})
	for _, d := range links(t, p) {
		if (d.Health == api.Missing) != (d.From == platformtest.Region) {
			t.Errorf("%s → %s is %s: %s", d.From, d.To, d.Health, d.Detail)
		}
	}
	p.Await("the copy does not fall behind, or nobody says so", func(s api.Status) string {
		h := homes(t, p)
		switch {
		case len(s.Pairs) != 1 || s.Pairs[0].LagSeconds < 10 || s.Pairs[0].Health != api.Degraded:
			return fmt.Sprintf("pairs %+v", s.Pairs)
		case h.Plan.Ready || h.Plan.Mode != "graceful" || !strings.Contains(h.Plan.WhyNot(), "nothing can be handed over until the link carries both ways again"):
			return fmt.Sprintf("the plan %+v", h.Plan)
		case h.Lost.LossBound < 10:
			return fmt.Sprintf("without it %+v", h.Lost)
		}
		return ""
	})
	p.Await("the partner's edge does not refuse what it cannot send", func(api.Status) string {
		if status, body := askEdge(t, p, partner); status != http.StatusServiceUnavailable || !strings.Contains(body, `"region":"us-east-1"`) || !strings.Contains(body, "nothing was done") {
			return fmt.Sprintf("%d %s", status, body)
		}
		return ""
	})
	if status, body := askEdge(t, p, platformtest.Region); status != http.StatusOK {
		t.Errorf("at home: %d %s", status, body)
	}
	if out, code := p.Run("evacuate", platformtest.Region, "--reason", "test", "--yes"); code == 0 || !strings.Contains(out, "nothing can be handed over") {
		t.Errorf("a graceful evacuation over a link that is cut: exit %d: %s", code, out)
	}
	p.Await("the verdict is not judged anew", func(api.Status) string {
		out, code := p.Run("journal", "list", "--kind", "home.judged", "-o", "json")
		if code != 0 || !strings.Contains(out, "nothing can be handed over") {
			return fmt.Sprintf("exit %d", code)
		}
		return ""
	})
	run(t, p, "fault", "clear", id)
	open(t, p)
	p.Await("the partner's edge does not send on again", func(api.Status) string {
		if status, body := askEdge(t, p, partner); status != http.StatusOK {
			return fmt.Sprintf("%d %s", status, body)
		}
		return ""
	})
	caughtUp(t, p)
	if most, after := w.end(), leader(p.Healthy()); most != 1 || after != before {
		t.Errorf("%d members took writes at once; %s led before and %s after", most, before, after)
	}
	if out := strings.ReplaceAll(run(t, p, "journal", "list", "--kind", "link.changed", "-o", "json"), `\u003e`, ">"); strings.Count(out, `"us-east-1>us-west-2"`) != 2 || strings.Contains(out, `"us-west-2>us-east-1"`) {
		t.Errorf("the journal says of links: %s", out)
	}
}

// caughtUp waits until a graceful move would be possible, and Kafka's mirror carries both ways.
func caughtUp(t *testing.T, p *platformtest.Platform) {
	t.Helper()
	p.Await("the copy does not catch up", func(s api.Status) string {
		if h := homes(t, p); !h.Plan.Ready || s.Pairs[0].LagSeconds > 5 {
			return fmt.Sprintf("the plan %+v, pairs %+v", h.Plan, s.Pairs)
		}
		if f, ok := findingOf(s, "link-cut"); ok {
			return "still a finding: " + f.Text
		}
		var all struct{ Items []availabilitydoor.Mirror }
		if err := p.Client.Call(t.Context(), http.MethodGet, "/v1/kafka/mirrors", "", nil, &all); err != nil {
			return err.Error()
		}
		for _, m := range all.Items {
			if m.Health != api.Healthy || m.Gaps > 0 {
				return fmt.Sprintf("the mirror %+v", m)
			}
		}
		return ""
	})
}

// cutEndsAlone kills the guard of a cut and the server: the cut ends at its time, and the
// network itself comes back when it is killed.
func cutEndsAlone(t *testing.T, p *platformtest.Platform) {
	run(t, p, "fault", "inject", "region-partition", partner, "--for", "20s", "--reason", "test", "--yes")
	for _, d := range links(t, p) {
		if d.Health != api.Missing {
			t.Errorf("%s → %s is %s: %s", d.From, d.To, d.Health, d.Detail)
		}
	}
	guards, err := process.Members(filepath.Join(p.Root, "faults"))
	if err != nil || len(guards) == 0 {
		t.Fatalf("guards %v, %v", guards, err)
	}
	for _, g := range guards {
		if err := g.Signal(syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	kill(t, p, place.Server)
	open(t, p)
	p.Await("the fault is not recorded as over", func(s api.Status) string {
		if len(s.Faults) > 0 {
			return s.Faults[0].ID + " is still " + s.Faults[0].State
		}
		return ""
	})
	kill(t, p, place.Wan)
	open(t, p)
	caughtUp(t, p)
	for bad, say := range map[string]string{
		"region-partition nowhere": "no region", "region-partition-out us-east-1:us-east-1": "to itself",
		"region-partition us-east-1/a": "no region", "region-kill us-east-1:us-west-2": "about one region",
	} {
		args := append([]string{"fault", "inject"}, strings.Fields(bad)...)
		if out, code := p.Run(append(args, "--reason", "test", "--yes")...); code != 4 || !strings.Contains(out, say) {
			t.Errorf("%s: exit %d: %s", bad, code, out)
		}
	}
}
