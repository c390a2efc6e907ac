package app

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/state/statetest"
	"github.com/greenlang/fournines/internal/wing"
)

// A dry run of every change is judged by the guards of the change itself, and leaves nothing:
// no entry, no operation, no process. A route that is added later needs its line here.
func TestADryRunIsGuardedAndDoesNothing(t *testing.T) {
	t.Parallel()
	s := headless(t, statetest.Shelf{})
	s.Layout.Regions, s.Looking = []string{"us-east-1", "us-west-2"}, time.Now().Add(-time.Hour)
	var kinds []control.Kind
	for _, w := range s.wings {
		kinds = append(kinds, w.Actions...)
		if slices.Contains([]string{"availability", "runbook", "schedule"}, w.Name) {
			if err := w.Open(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	var err error
	if s.Control, err = control.Start(t.Context(), control.Config{State: s.State, Kinds: kinds, Now: time.Now, Log: s.Log}); err != nil {
		t.Fatal(err)
	}
	waiting, err := control.NewAction("erase-1", "person.erase", "p", struct{}{})
	if err != nil {
		t.Fatal(err)
	}
	waiting.Approval, waiting.Reason = true, "request 17"
	if _, err := s.House.Submit(wing.WithActor(t.Context(), "test"), waiting); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	routes, _ := s.opened()
	api.Mount(mux, "test", routes...)
	before := s.Journal.Head().Size
	ask := func(method, path, body string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(wing.WithActor(t.Context(), "test"), method, path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		return w
	}
	tried := map[string]bool{}
	const reason = `"reason": "test"`
	for _, c := range []struct {
		method, route, path, body string
		status                    int
		says                      string
	}{
		{"POST", "/v1/faults", "/v1/faults", `{"kind": "zone-kill", "target": "us-east-1/a", "seconds": 9, ` + reason + `}`, 200, `"id"`},
		{"POST", "/v1/faults", "/v1/faults", `{"kind": "zone-kill", "target": "mars/a", "seconds": 9, ` + reason + `}`, 409, `there is no zone \"mars/a\" here`},
		{"POST", "/v1/faults", "/v1/faults", `{"kind": "zone-partition", "target": "us-east-1/a", "seconds": 9, ` + reason + `}`, 409, "needs network namespaces"},
		{"DELETE", "/v1/faults/{id}", "/v1/faults/none", "", 404, ""},
		{"POST", "/v1/switchovers", "/v1/switchovers", `{"cluster": "us-east-1/postgres", ` + reason + `}`, 409, "could not move now"},
		{"POST", "/v1/switchovers", "/v1/switchovers", `{"cluster": "mars/postgres", ` + reason + `}`, 404, ""},
		{"POST", "/v1/kafka/restarts", "/v1/kafka/restarts", `{"region": "us-east-1", ` + reason + `}`, 409, ""},
		{"POST", "/v1/kafka/resumptions", "/v1/kafka/resumptions", `{"region": "us-east-1", "topic": "t", ` + reason + `}`, 409, ""},
		{"POST", "/v1/kafka/resumptions", "/v1/kafka/resumptions", `{"region": "mars", "topic": "t", ` + reason + `}`, 404, ""},
		{"POST", "/v1/homes/{region}/evacuate", "/v1/homes/us-east-1/evacuate", `{` + reason + `, "approve": true}`, 409, "has no leader that answers"},
		{"POST", "/v1/homes/{region}/evacuate", "/v1/homes/mars/evacuate", `{` + reason + `}`, 404, ""},
		{"POST", "/v1/homes/{region}/restore", "/v1/homes/us-east-1/restore", `{` + reason + `}`, 409, "are at home already"},
		{"PUT", "/v1/regions/{region}/route", "/v1/regions/us-east-1/route", `{"on": false, ` + reason + `}`, 409, "no other region could answer"},
		{"PUT", "/v1/regions/{region}/route", "/v1/regions/us-west-2/route", `{"on": false, ` + reason + `}`, 204, ""},
		{"POST", "/v1/operations/{id}/approve", "/v1/operations/erase-1/approve", `{` + reason + `}`, 204, ""},
		{"POST", "/v1/operations/{id}/approve", "/v1/operations/none/approve", `{` + reason + `}`, 404, ""},
		{"POST", "/v1/operations/{id}/deny", "/v1/operations/erase-1/deny", `{` + reason + `}`, 204, ""},
		{"POST", "/v1/drills/{name}/run", "/v1/drills/zone-loss/run", `{` + reason + `}`, 200, `"id"`},
		{"POST", "/v1/drills/{name}/run", "/v1/drills/none/run", `{` + reason + `}`, 404, ""},
		{"PUT", "/v1/drills/reports/{id}/{sequence}", "/v1/drills/reports/x/0", `{"id": "x"}`, 422, ""},
		{"POST", "/v1/notifiers/{name}/test", "/v1/notifiers/none/test", `{` + reason + `}`, 404, ""},
		{"POST", "/v1/findings/acknowledgements", "/v1/findings/acknowledgements", `{"finding": "none", ` + reason + `}`, 404, ""},
		{"DELETE", "/v1/persons/{id}", "/v1/persons/p?reason=test", "", 200, `"id"`},
		{"PUT", "/v1/witnesses/{name}", "/v1/witnesses/x", `{"url": "https://x.test:1", "log": "l", "witness": "w", ` + reason + `}`, 422, ""},
		{"DELETE", "/v1/witnesses/{name}", "/v1/witnesses/x?reason=test", "", 404, ""},
		{"POST", "/v1/archive/probe", "/v1/archive/probe", "", 200, ""},
		{"POST", "/v1/runbooks/{name}/runs", "/v1/runbooks/none/runs", `{` + reason + `}`, 422, "there are: fault-clear"},
		{"POST", "/v1/runbooks/{name}/runs", "/v1/runbooks/redis-switchover/runs", `{` + reason + `, "inputs": {"region": "mars"}}`, 409, "no input"},
		{"POST", "/v1/runbooks/{name}/runs", "/v1/runbooks/redis-switchover/runs", `{` + reason + `, "inputs": {"cluster": "us-east-1/redis"}}`, 200, `"id"`},
		{"POST", "/v1/runbook-runs/{id}/approve", "/v1/runbook-runs/none/approve", `{` + reason + `}`, 404, ""},
		{"POST", "/v1/runbook-runs/{id}/deny", "/v1/runbook-runs/none/deny", `{` + reason + `}`, 404, ""},
		{"POST", "/v1/runbook-runs/{id}/confirm", "/v1/runbook-runs/none/confirm", `{` + reason + `}`, 404, ""},
		{"POST", "/v1/runbook-runs/{id}/resume", "/v1/runbook-runs/none/resume", `{` + reason + `}`, 404, ""},
		{"POST", "/v1/runbook-runs/{id}/abort", "/v1/runbook-runs/none/abort", `{` + reason + `}`, 404, ""},
		{"POST", "/v1/schedules/{name}/pause", "/v1/schedules/none/pause", `{` + reason + `}`, 422, "does not exist"},
		{"POST", "/v1/schedules/{name}/resume", "/v1/schedules/none/resume", `{` + reason + `}`, 422, "does not exist"},
		{"POST", "/v1/backups", "/v1/backups", `{"region": "mars", "kind": "full", ` + reason + `}`, 422, "does not exist"},
		{"POST", "/v1/backups", "/v1/backups", `{"region": "us-east-1", "kind": "whole", ` + reason + `}`, 422, "kind of backup"},
		{"POST", "/v1/backups", "/v1/backups", `{"region": "us-east-1", "kind": "full", ` + reason + `}`, 409, "pgBackRest is not installed"},
		{"POST", "/v1/journal/verify", "", "", 0, ""},
		{"POST", "/v1/journal/query", "", "", 0, ""},
	} {
		tried[c.method+" "+c.route] = true
		sign := "?"
		if strings.Contains(c.path, "?") {
			sign = "&"
		}
		if c.status == 0 { // it asks, and changes nothing anyway
			continue
		}
		if w := ask(c.method, c.path+sign+"dry_run=true", c.body); w.Code != c.status || !strings.Contains(w.Body.String(), c.says) {
			t.Errorf("%s %s: %d, want %d and %q: %s", c.method, c.path, w.Code, c.status, c.says, w.Body)
		}
		if w := ask(c.method, c.path+sign+"dry_run=perhaps", c.body); w.Code != http.StatusUnprocessableEntity {
			t.Errorf("%s %s: a dry run that is neither true nor false is taken: %d", c.method, c.path, w.Code)
		}
	}
	if after := s.Journal.Head().Size; after != before {
		t.Errorf("%d entries were written", after-before)
	}
	if left, err := os.ReadDir(filepath.Join(s.Layout.Root, "drills")); err == nil {
		t.Errorf("drills were begun: %v", left)
	}
	var d struct {
		Paths map[string]map[string]any `json:"paths"`
	}
	if err := json.Unmarshal(ask("GET", "/openapi.json", "").Body.Bytes(), &d); err != nil {
		t.Fatal(err)
	}
	for path, methods := range d.Paths {
		for method := range methods {
			if route := strings.ToUpper(method) + " " + path; method != "get" && !tried[route] {
				t.Errorf("nobody tries %s", route)
			}
		}
	}
}
