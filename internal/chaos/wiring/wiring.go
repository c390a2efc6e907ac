package wiring

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/assign"
	"github.com/greenlang/fournines/internal/chaos"
	"github.com/greenlang/fournines/internal/chaos/door"
	"github.com/greenlang/fournines/internal/state"
	"github.com/greenlang/fournines/internal/wing"
)

// Wiring is the chaos wing in a house.
type Wiring struct {
	house *wing.House
	held  guards
}

// New returns the wing, and its wiring for the doors.
func New(h *wing.House) (*Wiring, wing.Wing) {
	w := &Wiring{house: h, held: guards{active: map[string]bool{}}}
	return w, wing.Wing{
		Name:    "chaos",
		Entries: chaos.EntryKinds(),
		Fold:    chaos.Fold,
		Actions: chaos.Faults{Wishes: wishes{h}, Platform: w, Now: h.Now}.Kinds(),
		Runbook: w.runbookActions(),
		Tasks: []wing.Task{
			{Name: "server-faults", Does: "Injects the faults of servers, and ends them.", Every: 200 * time.Millisecond, Do: w.keepServerFaults},
			{Name: "end-faults", Does: "Records the faults that are over and left no trace.", Every: 250 * time.Millisecond, Do: w.endFaults},
		},
	}
}

// endFaults records the faults that are over and left no trace.
func (w *Wiring) endFaults(ctx context.Context) error {
	faults, err := w.Active()
	if err != nil || len(faults) == 0 {
		return err
	}
	if entries := chaos.End(faults, w.left, w.house.Now()); len(entries) > 0 {
		_, err = w.house.State.Append(ctx, entries...)
	}
	return err
}

// All returns every fault that the state holds.
func (w *Wiring) All() ([]chaos.Fault, error) {
	return state.List[chaos.Fault](w.house.State, chaos.Prefix)
}

// Faults returns the faults that are injected now, and those that ended within the last hour,
// the newest first.
func (w *Wiring) Faults(context.Context) ([]api.Fault, error) {
	all, err := w.All()
	out := []api.Fault{}
	for _, f := range all {
		if f.State != chaos.Ended || w.house.Now().Sub(f.Until) < time.Hour {
			out = append(out, door.FaultOf(f))
		}
	}
	slices.SortFunc(out, func(a, b api.Fault) int { return b.Begun.Compare(a.Begun) })
	return out, err
}

// Active implements chaos.Platform: the faults that are not over.
func (w *Wiring) Active() ([]chaos.Fault, error) { return chaos.Ongoing(w.house.State) }

// InjectFault begins a fault for a person, and answers with its id.
func (w *Wiring) InjectFault(ctx context.Context, kind, target string, d time.Duration, reason string) (string, error) {
	now := w.house.Now()
	id := wing.RequestID(ctx, "fault")
	f := chaos.Fault{ID: id, Kind: kind, Target: target, Reason: reason, Begun: now, Until: now.Add(d)}
	_, err := w.house.Ask(ctx, id+"-inject", chaos.KindInject, id, reason, f)
	return id, err
}

// ClearFault ends a fault before its time; [wing.ErrNotFound] when there is none of the id.
func (w *Wiring) ClearFault(ctx context.Context, id string) error {
	var f chaos.Fault
	found, err := w.house.State.Get(chaos.Prefix+id, &f)
	if err != nil {
		return err
	}
	if !found {
		return fmt.Errorf("no fault %q: %w", id, wing.ErrNotFound)
	}
	if _, err := w.house.Ask(ctx, id+"-clear", chaos.KindClear, id, "cleared by hand", f); err != nil {
		return err
	}
	// A node that the fault itself took down cannot be told; on this machine its lease can be ended here.
	l, err := w.leaseOf(f)
	if err != nil {
		return err
	}
	_, err = assign.FaultKeeper(w.house.Layout.Root).Ensure(l, true)
	return err
}
