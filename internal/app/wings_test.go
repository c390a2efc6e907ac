package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/api/client"
	"github.com/greenlang/fournines/internal/control"
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

// garden is a wing of a test's own: a kind of entry, a fold, an action, a decider, tasks, a
// finding and a metric. It knows the house, and the server does not know it.
func garden(h *wing.House) wing.Wing {
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
		Metrics: []prometheus.Collector{prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "garden_beds", Help: "Beds."}, func() float64 { return 1 })},
	}
}

// A wing is met through the API by what it hands to the house alone, and after a restart it
// goes on from its own documents.
func TestASmallWingIsMetThroughTheAPI(t *testing.T) {
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
	for _, want := range []string{"garden_beds 1", `fournines_task_failing{task="weeds",wing="garden"} 1`, `fournines_task_rounds_total{task="end-faults",wing="chaos"}`} {
		if text := metricsOf(t, x); !strings.Contains(text, want) {
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

func metricsOf(t *testing.T, x *site) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+x.listen+"/metrics", http.NoBody)
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
