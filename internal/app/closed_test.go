package app

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/state/statetest"
)

// A question about what does not exist is refused, and the answer names what does: an empty
// list, or a figure of nothing, would be taken for a good one. Of what exists and was never
// counted, every ratio is null.
func TestOfNothingNothingIsKnown(t *testing.T) {
	t.Parallel()
	s := headless(t, statetest.Shelf{})
	var kinds []control.Kind
	for _, w := range s.wings {
		kinds = append(kinds, w.Actions...)
	}
	var err error
	if s.Control, err = control.Start(t.Context(), control.Config{State: s.State, Kinds: kinds, Now: time.Now, Log: s.Log}); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	routes, _ := s.opened()
	api.Mount(mux, "test", routes...)
	for _, c := range []struct {
		path   string
		status int
		says   string
	}{
		{"/v1/evidence?region=mars", 422, `region \"mars\" does not exist; there are: us-east-1, eu-west-1`},
		{"/v1/evidence?cell=99", 422, `cell \"99\" does not exist; there are: 0 to 11`},
		{"/v1/evidence?service=bogus", 422, `service \"bogus\" does not exist`},
		{"/v1/evidence?of=bogus", 422, "practice"},
		{"/v1/evidence?region=us-east-1&cell=11", 200, `"customer":null`},
		{"/v1/evidence", 200, `"remaining":null`},
		{"/v1/operations?state=bogus", 422, "waiting-approval"},
		{"/v1/operations?kind=bogus", 422, "postgres.failover"},
		{"/v1/operations?state=failed&kind=postgres.failover", 200, `"items":[]`},
		{"/v1/journal?kind=bogus", 422, "fault.set"},
		{"/v1/journal?kind=bogus.", 422, "fault.set"},
		{"/v1/journal?kind=fault.", 200, `"items":[]`},
		{"/v1/journal?kind=fault.set", 200, `"items":[]`},
	} {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, c.path, nil))
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.says) || (c.status == 422 && w.Header().Get("Content-Type") != "application/problem+json") {
			t.Errorf("%s: %d, want %d and %q: %.400s", c.path, w.Code, c.status, c.says, w.Body)
		}
	}
	s.lag = newLag()
	w := httptest.NewRecorder()
	s.metrics().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for _, name := range []string{"fournines_availability_customer_ratio", "fournines_error_budget_remaining_ratio"} {
		if !strings.Contains(w.Body.String(), "\n"+name+" NaN\n") {
			t.Errorf("%s is known of a platform that nobody has asked: %.600s", name, w.Body)
		}
	}
}
