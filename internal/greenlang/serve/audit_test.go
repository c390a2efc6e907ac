package serve

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/greenlang/fournines/internal/greenlang"
	"github.com/greenlang/fournines/kit/audit"
)

// recorder is a trail that keeps events, or fails.
type recorder struct {
	events []audit.Event
	fail   error
}

func (r *recorder) Record(_ context.Context, e audit.Event) error {
	if err := e.Check(); err != nil {
		return err
	}
	r.events = append(r.events, e)
	return r.fail
}

func TestWhatIsAudited(t *testing.T) {
	t.Parallel()
	r := &recorder{}
	a := &api{trail: r, log: slog.New(slog.DiscardHandler)}
	now := time.Now()
	customer, err := greenlang.NewCustomer{Tenant: "amber-harbor-17", Plan: "team", HomeRegion: "us-east-1"}.Customer(now)
	if err != nil {
		t.Fatal(err)
	}
	agent, err := greenlang.NewAgent{Name: "invoice-reader", Version: "1.0.0", Owner: "team-ledger"}.Agent(now)
	if err != nil {
		t.Fatal(err)
	}
	moved := agent
	moved.Lifecycle, moved.UpdatedAt = greenlang.Experimental, now.Add(time.Second)
	old := customer
	old.CreatedAt = now.Add(-2 * repeatable)
	for _, record := range []func() error{
		func() error { return a.auditCustomer(t.Context(), customer, true) },
		func() error { return a.auditCustomer(t.Context(), customer, false) }, // a repeat: the answer before may be lost
		func() error { return a.auditCustomer(t.Context(), old, false) },      // it was there for long
		func() error { return a.auditAgent(t.Context(), agent, true) },
		func() error { return a.auditAgent(t.Context(), moved, false) }, // a repeat after it moved on
		func() error { return a.auditMove(t.Context(), moved) },
		func() error { return a.auditMove(t.Context(), moved) },
	} {
		if err := record(); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"customer.created", "customer.created", "agent.registered", "agent.registered", "agent.moved", "agent.moved"}
	if len(r.events) != len(want) {
		t.Fatalf("%d events: %+v", len(r.events), r.events)
	}
	for i, e := range r.events {
		again := r.events[i-i%2]
		if e.Action != want[i] || e.Actor != "api" || e.ID != again.ID || !e.Time.Equal(again.Time) || string(e.Data) != string(again.Data) {
			t.Errorf("%d: %+v, its twin is %+v", i, e, again)
		}
	}
	if r.events[0].ID == r.events[2].ID || r.events[2].ID == r.events[4].ID || r.events[0].Tenant != "amber-harbor-17" || r.events[2].Tenant != "greenlang" {
		t.Errorf("%+v", r.events)
	}
}

// A change that is not in the trail is not acknowledged.
func TestUnauditedIsNotAcknowledged(t *testing.T) {
	t.Parallel()
	a := &api{trail: &recorder{fail: audit.ErrFull}, log: slog.New(slog.DiscardHandler)}
	err := a.auditMove(t.Context(), greenlang.Agent{NewAgent: greenlang.NewAgent{Name: "a", Version: "1.0.0"}, UpdatedAt: time.Now()})
	var status huma.StatusError
	if !errors.As(err, &status) || status.GetStatus() != http.StatusServiceUnavailable {
		t.Fatal(err)
	}
	a.trail = nil // none is wanted
	if err := a.auditMove(t.Context(), greenlang.Agent{UpdatedAt: time.Now()}); err != nil {
		t.Fatal(err)
	}
}
