package cli

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/api"
)

// A start that gets no further says what it waits for, and why.
func TestAStartThatGetsNoFurtherSaysWhy(t *testing.T) {
	t.Parallel()
	began := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	whole := func() api.Status {
		s := api.Status{Servers: []api.Server{{Name: "server", Health: api.Healthy}}, Regions: []api.Region{{
			Name: "us-east-1", Running: true, Zones: []string{"a"},
			Components: []api.Component{{ID: "us-east-1/a/etcd", Zone: "a", Kind: "etcd", Health: api.Healthy}, {ID: "us-east-1/a/mirror", Zone: "a", Kind: "mirror", Health: api.Progressing}},
			Readiness:  []api.Readiness{{Cluster: "us-east-1/postgres", Leader: "us-east-1/a/postgres", Ready: true}},
		}}}
		return s
	}
	for _, c := range []struct {
		name   string
		change func(*api.Status)
		err    error
		serves bool
		waits  string // empty: it is ready
	}{
		{"ready", func(*api.Status) {}, nil, true, ""},
		{"no server", func(s *api.Status) { *s = api.Status{} }, errors.New("connection refused"), false, "a server that answers: connection refused"},
		{"no region", func(s *api.Status) { s.Regions = nil }, nil, false, "a region that runs here"},
		{"a component", func(s *api.Status) {
			s.Regions[0].Components[0].Health, s.Regions[0].Components[0].Detail = api.Missing, "runs an older configuration than its spec"
		}, nil, true, "us-east-1/a/etcd is missing (runs an older configuration than its spec)"},
		{"a cluster without a leader", func(s *api.Status) {
			s.Regions[0].Readiness[0] = api.Readiness{Cluster: "us-east-1/postgres", Reasons: []string{"no member holds the leader key"}}
		}, nil, false, "us-east-1/postgres could not fail over: no member holds the leader key"},
		{"a server of several", func(s *api.Status) { s.Servers[0].Health, s.Servers[0].Detail = api.Missing, "it does not answer" }, nil, true, "server is missing (it does not answer)"},
	} {
		s := whole()
		c.change(&s)
		if got := strings.Join(waits(s, c.err), "; "); !strings.EqualFold(got, c.waits) {
			t.Errorf("%s: it waits for %q, want %q", c.name, got, c.waits)
			continue
		}
		var far advance
		look := func(after time.Duration) *idleError {
			return far.look(s, c.err, startLines(s, c.err, after), began.Add(after))
		}
		if idle := look(0); idle != nil {
			t.Errorf("%s, at first: %v", c.name, idle)
		}
		if idle := look(idleFor - time.Second); idle != nil {
			t.Errorf("%s, before the bound: %v", c.name, idle)
		}
		if idle := look(idleFor); idle == nil || idle.serves != c.serves || c.waits != "" && !strings.Contains(strings.ToLower(idle.Error()), strings.ToLower(c.waits)) {
			t.Errorf("%s: %v, want %q, serves %v", c.name, idle, c.waits, c.serves)
		}
	}
	// What becomes well for the first time begins the time anew, and so does a copy.
	s, far := whole(), advance{}
	copying := whole()
	copying.Regions[0].Components[0].Health, copying.Regions[0].Components[0].Detail = api.Progressing, "it is creating replica"
	for i, x := range []api.Status{{}, s, copying, copying} {
		at := began.Add(time.Duration(i) * (idleFor - time.Second))
		if idle := far.look(x, nil, startLines(x, nil, 0), at); idle != nil {
			t.Errorf("look %d: %v", i, idle)
		}
	}
}
