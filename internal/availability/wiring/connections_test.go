package wiring

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/board"
	"github.com/greenlang/fournines/internal/edge"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/state/statetest"
)

// Limits that are not as declared lead to an action; sessions that are many to a finding, and
// to figures.
func TestConnections(t *testing.T) {
	t.Parallel()
	const east = "us-east-1"
	w, stop := opened(t, statetest.Shelf{}, t.TempDir())
	defer stop()
	now := time.Now()
	c := fact.PostgresConnections{
		At: now, Member: place.ID(east, "a", place.Postgres), Roles: map[string]int{"greenlang": 75}, Databases: map[string]int{"greenlang": 75},
		Sessions: []fact.PostgresSessions{{Role: "greenlang", Database: "greenlang", Application: "report", Client: "10.0.0.1", Open: 60, Idle: 60}, {Role: "greenlang", Database: "greenlang", Application: "greenlang", Open: 12}},
	}
	put := func() {
		w.house.Facts.PutPostgres(east, func(p *fact.Postgres) {
			p.At, p.Lock.Leader, p.Lock.Reserved, p.Connections = now, place.Member(east, "a"), true, c
			p.Members = []fact.PostgresMember{{Name: place.Member(east, "a"), ID: c.Member, Seen: now, Role: "primary"}}
		})
	}
	put()
	if actions, err := w.decideRegion(east, now); err != nil || len(actions) != 0 {
		t.Errorf("nothing differs: %+v %v", actions, err)
	}
	c.Differs = []string{"role greenlang may have any number of sessions instead of 75"}
	put()
	actions, err := w.decideRegion(east, now)
	if err != nil || len(actions) != 1 || actions[0].Kind != availability.KindBound {
		t.Errorf("something differs: %+v %v", actions, err)
	}
	if f := w.connectionFindings(now); len(f) != 1 || !strings.Contains(f[0].Text, "The role greenlang has 72 of the 75 sessions") {
		t.Errorf("%+v", f)
	}
	report := edge.Report{TCP: []edge.TCPState{{Service: place.Postgres, Crowded: 7, Roles: []edge.RoleState{{Role: "greenlang", Sessions: 70}}}, {Service: place.Redis, Seated: 4}}}
	w.house.Facts.PutEdge(east, board.EdgeFact{Report: report})
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(connectionMetrics{w})
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			v := m.GetGauge().GetValue() + m.GetCounter().GetValue()
			got[f.GetName()] += v
		}
	}
	for name, want := range map[string]float64{"fournines_edge_sessions": 74, "fournines_edge_sessions_refused_total": 7, "fournines_postgres_sessions": 72, "fournines_postgres_sessions_limit": 75} {
		if got[name] != want {
			t.Errorf("%s is %v, want %v", name, got[name], want)
		}
	}
	if _, err := (limits{w}).Bound(t.Context(), "eu-west-9/postgres"); err == nil {
		t.Error("a cluster that is not here")
	}
}
