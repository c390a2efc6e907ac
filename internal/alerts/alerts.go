package alerts

import (
	"context"
	"slices"
	"time"

	"github.com/greenlang/fournines/internal/evidence"
	"github.com/greenlang/fournines/internal/state"
	"github.com/greenlang/fournines/internal/wait"
	"github.com/greenlang/fournines/internal/wing"
)

// How often alerts are decided, and how often the error budget is looked at for them.
const (
	decideEvery = 5 * time.Second
	burnEvery   = 30 * time.Second
)

// Look is the input of a decision about alerts.
type Look struct {
	Findings []wing.Finding
	Practice bool // faults are injected, or a drill is under way
	// The platform was started at Begun and whole at Whole; while Starting it is not whole yet.
	Starting     bool
	Begun, Whole time.Time
}

// Alerts notifies people of what needs them.
type Alerts struct {
	house     *wing.House
	look      func(context.Context) (Look, error)
	notifiers []*notifier // of the platform file; since open

	watch  evidence.Watch
	burn   []evidence.Alert
	burned time.Time
}

// New returns the alerts, and their wing for the server; look gathers their input.
func New(h *wing.House, look func(context.Context) (Look, error)) (*Alerts, wing.Wing) {
	a := &Alerts{house: h, look: look}
	w := wing.Wing{
		Name: "alerts", Fold: fold, Open: a.open,
		Tasks: []wing.Task{{Name: "alerts", Does: "Decides which findings and burn rates become alerts.", After: wing.Blind, Every: decideEvery, Do: a.decide}},
	}
	for i, n := range h.Layout.Platform.Spec.Notify {
		w.Tasks = append(w.Tasks, wing.Task{
			Name: "tell-" + n.Name, Does: "Tells " + n.Name + " which alerts fire and which are over.", Every: retell,
			Wake: func() <-chan struct{} { return a.notifiers[i].news },
			Do:   func(ctx context.Context) error { return a.tell(ctx, a.notifiers[i]) },
		})
	}
	return a, w
}

func (a *Alerts) open(context.Context) (err error) {
	a.notifiers, err = newNotifiers(a.house.Layout.Platform.Spec.Notify)
	return err
}

// decide records which alerts fire and which are over, and wakes the notifiers.
func (a *Alerts) decide(ctx context.Context) error {
	now := a.house.Now()
	standing, err := state.List[evidence.Alert](a.house.State, evidence.AlertPrefix)
	if err != nil {
		return err
	}
	look, err := a.look(ctx)
	if err != nil {
		return err
	}
	if look.Starting {
		a.burn = nil
	} else if now.Sub(a.burned) >= burnEvery {
		counts, err := evidence.CountsOf(a.house.State)
		if err != nil {
			return err
		}
		incidents, err := state.List[evidence.Incident](a.house.State, evidence.IncidentPrefix)
		if err != nil {
			return err
		}
		p := a.house.Layout.Platform.Spec
		a.burn, a.burned = evidence.BurnAlerts(evidence.DecideBurn(counts.Without(look.Begun, look.Whole), incidents, p.Cells.Count, float64(p.Targets.Availability), now)), now
	}
	wanted := slices.Clone(a.burn)
	for _, f := range look.Findings {
		if !f.Quiet {
			wanted = append(wanted, evidence.AlertOf(f))
		}
	}
	for i := range wanted {
		wanted[i].Practice = wanted[i].Practice || look.Practice
	}
	next, changes := evidence.DecideAlerts(a.watch, standing, wanted, now)
	a.watch = next
	for _, x := range changes {
		if err := a.record(ctx, x); err != nil {
			return err
		}
	}
	if len(changes) > 0 {
		for _, t := range a.notifiers {
			wait.Poke(t.news)
		}
	}
	return nil
}

func (a *Alerts) record(ctx context.Context, x evidence.Alert) error {
	e, err := evidence.AlertEntry(x)
	if err != nil {
		return err
	}
	e.Actor = "system:evidence"
	if _, err := a.house.State.Append(ctx, e); err != nil {
		return err
	}
	a.house.Log.Warn("alert", "key", x.Key, "state", x.State, "severity", x.Severity, "title", x.Title, "practice", x.Practice)
	return nil
}

// Alerts returns the alerts that fire, and those resolved within a day, the newest first.
func (a *Alerts) Alerts(context.Context) ([]evidence.Alert, error) {
	all, err := state.List[evidence.Alert](a.house.State, evidence.AlertPrefix)
	slices.SortStableFunc(all, func(a, b evidence.Alert) int { return b.At.Compare(a.At) })
	return all, err
}
