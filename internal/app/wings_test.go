package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/api/client"
	"github.com/greenlang/fournines/internal/console"
	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/drill"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/state"
	"github.com/greenlang/fournines/internal/wing"
)

// What the small wing writes, and its document.
var watered = journal.NewKind[bed]("garden.watered", "A bed was watered.")

type bed struct {
	Name  string `json:"name"`
	Times int    `json:"times"`
}

const bedPrefix = "garden-bed/"

// gardenDoor is a route and a page, with a template of its own and an entry in the navigation.
func gardenDoor(h *wing.House) Door {
	beds := func(context.Context) ([]bed, error) { return state.List[bed](h.State, bedPrefix) }
	return Door{
		Routes: func(x huma.API) { api.MountList(x, "/v1/garden/beds", beds) },
		Pages: []console.Page{{
			Name: "garden", Pattern: "/garden", Section: "garden", Rank: 85, Nav: &console.Nav{Word: "Garden", Key: "n"},
			Templates: fstest.MapFS{"templates/garden.html": {Data: []byte(`{{define "content"}}<h1>{{.Title}}</h1>{{range .Data}}<p>{{.Name}}: {{many .Times "time" "times"}}</p>{{end}}{{end}}`)}},
			Load: func(ctx context.Context, _ console.Ask) (console.Sheet, error) {
				all, err := beds(ctx)
				return console.Sheet{Title: "The garden", Data: all}, err
			},
		}},
	}
}

// garden is a wing of a test's own: a kind of entry, a fold, an action, a decider, tasks, a
// drill, a finding and a metric, with a route and a page. It knows the house, and the server does
// not know it.
func garden(h *wing.House) (wing.Wing, Door) {
	water := control.Kind{Name: "garden.water", Steps: []control.Step{{Name: "pour", Timeout: time.Minute, Do: func(ctx context.Context, r *control.Run) (any, error) {
		e, err := watered.Entry(r.Subject, r.Key, bed{Name: r.Subject})
		if err != nil {
			return nil, err
		}
		e.Actor = "system:garden"
		_, err = h.State.Append(ctx, e)
		return nil, err
	}}}}
	return wing.Wing{
		Name: "garden", Entries: []journal.Kind{watered.Kind}, Actions: []control.Kind{water},
		Fold: func(d *state.Docs, r journal.Record) error {
			if r.Kind != watered.Name {
				return nil
			}
			b := bed{Name: r.Subject}
			if _, err := d.Get(bedPrefix+r.Subject, &b); err != nil {
				return err
			}
			b.Times++
			return d.Put(bedPrefix+r.Subject, b)
		},
		Decide: func(time.Time) ([]control.Action, error) {
			found, err := h.State.Get(bedPrefix+"roses", &bed{})
			if err != nil || found {
				return nil, err
			}
			a, err := control.NewAction("water-roses", "garden.water", "roses", nil)
			a.Actor = "system:garden"
			return []control.Action{a}, err
		},
		Tasks: []wing.Task{{Name: "weeds", Does: "Looks for weeds.", Every: time.Hour, Do: func(context.Context) error { return errors.New("the gate is locked") }}},
		Findings: func(now time.Time) ([]wing.Finding, error) {
			var b bed
			if _, err := h.State.Get(bedPrefix+"roses", &b); err != nil || b.Times == 0 {
				return nil, err
			}
			return []wing.Finding{{Code: "garden-wet", Severity: "notice", Title: "The roses are wet", Text: fmt.Sprintf("They were watered %d times.", b.Times), Since: now}}, nil
		},
		Drills:  []drill.Drill{{Name: "drought", Description: "Waters nothing for a day.", Rows: []string{"9.9.9"}}},
		Metrics: []prometheus.Collector{prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "garden_beds", Help: "Beds."}, func() float64 { return 1 })},
	}, gardenDoor(h)
}

// A wing is met through the API, the console and the metrics by what it hands to the house alone,
// and after a restart it goes on from its own documents.
func TestASmallWingIsMetThroughEveryDoor(t *testing.T) {
	t.Parallel()
	x := newSiteOf(t, place.Installation{Regions: []string{"us-east-1"}}, func(text string) string { return text }, garden)
	server := client.NewClient(x.s.Secrets.Token, x.listen)
	get := func(path string, out any) {
		t.Helper()
		if err := server.Call(t.Context(), http.MethodGet, path, "", nil, out); err != nil {
			t.Fatal(err)
		}
	}
	eventually := func(what string, is func() bool) {
		t.Helper()
		for end := time.Now().Add(2 * time.Minute); !is(); {
			if time.Now().After(end) {
				t.Fatal(what + ": never")
			}
			select {
			case <-x.s.State.Changed():
			case <-time.After(50 * time.Millisecond): // what a task did is no entry
			}
		}
	}
	eventually("the wing's action", func() bool {
		var o api.Operation
		err := server.Call(t.Context(), http.MethodGet, "/v1/operations/water-roses", "", nil, &o)
		return err == nil && o.State == control.Succeeded && o.Actor == "system:garden"
	})
	var s api.Status
	get("/v1/status", &s)
	if !strings.Contains(fmt.Sprint(s.Findings), "They were watered 1 times.") {
		t.Errorf("its finding is missing: %+v", s.Findings)
	}
	eventually("its task's error", func() bool {
		all, err := client.List[api.TaskStatus](t.Context(), server, "/v1/tasks")
		if err != nil {
			t.Fatal(err)
		}
		for _, task := range all.Items {
			if task.Wing == "garden" && task.Name == "weeds" {
				return task.Error == "the gate is locked" && task.Failures == 1
			}
		}
		return false
	})
	kinds, err := client.List[api.EntryKind](t.Context(), server, "/v1/journal/kinds")
	if err != nil || !strings.Contains(fmt.Sprint(kinds.Items), watered.Doc) {
		t.Errorf("its kind of entry is missing: %v", err)
	}
	beds, err := client.List[bed](t.Context(), server, "/v1/garden/beds")
	if err != nil || len(beds.Items) != 1 || beds.Items[0] != (bed{"roses", 1}) {
		t.Errorf("its route answers %+v, %v", beds, err)
	}
	drills, err := client.List[api.DrillInfo](t.Context(), server, "/v1/drills")
	if err != nil || !slices.ContainsFunc(drills.Items, func(d api.DrillInfo) bool { return d.Name == "drought" }) {
		t.Errorf("its drill is missing: %v", err)
	}
	if _, ok := drill.Find(Drills(garden), "drought"); !ok {
		t.Error("its drill is missing where there is no server")
	}
	page := textOf(t, x, "/garden")
	for _, want := range []string{"<h1>The garden</h1><p>roses: 1 time</p>", `<a href="/garden" data-key="n" aria-current="page">Garden<kbd`, `hx-sse:connect="/events?page=garden"`} {
		if !strings.Contains(page, want) {
			t.Errorf("its page has no %s:\n%s", want, page)
		}
	}
	for _, want := range []string{"garden_beds 1", `fournines_task_failing{task="weeds",wing="garden"} 1`, `fournines_task_rounds_total{task="end-faults",wing="chaos"}`} {
		if text := textOf(t, x, "/metrics"); !strings.Contains(text, want) {
			t.Errorf("the metrics have no %s", want)
		}
	}
	x.stop()
	x.start()
	var b bed
	if found, err := x.s.State.Get(bedPrefix+"roses", &b); err != nil || !found || b.Times != 1 {
		t.Fatalf("after a restart: %v %v %+v", found, err, b)
	}
}

// textOf is what is answered at an address, to who has the token.
func textOf(t *testing.T, x *site, address string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+x.listen+address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+x.s.Secrets.Token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // only read
	var b strings.Builder
	if err := resp.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
