package wiring

import (
	"context"
	"fmt"

	"github.com/greenlang/fournines/internal/chaos"
	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/runbook"
	"github.com/greenlang/fournines/internal/wing"
)

// runbookActions returns what runbooks may ask of the wing.
func (w *Wiring) runbookActions() []runbook.Action {
	return []runbook.Action{
		{
			Name: chaos.KindClear, Does: "Ends an injected fault before its time.",
			Args: []runbook.Arg{{Name: "fault", Type: runbook.Text, Does: "id of the fault"}}, Command: "fournines fault clear {fault}",
			Make: func(_ context.Context, a runbook.Ask) (control.Action, error) {
				var f chaos.Fault
				found, err := w.house.State.Get(chaos.Prefix+a.Values["fault"], &f)
				if err == nil && !found {
					err = fmt.Errorf("no fault %q: %w", a.Values["fault"], wing.ErrNotFound)
				}
				if err != nil {
					return control.Action{}, err
				}
				return a.NewAction(chaos.KindClear, f.ID, f)
			},
		},
		{
			Name: "faults.look", Does: "Sees which faults are injected now.", Command: "fournines fault list",
			Look: func(context.Context, map[string]string) (any, error) {
				all, err := w.Active()
				ids := []string{}
				for _, f := range all {
					ids = append(ids, f.ID)
				}
				return map[string]any{"faults": ids}, err
			},
		},
		{
			Name: "faults.none", Does: "Demands that no fault is injected and none has left anything.", Command: "fournines fault list",
			Look: func(context.Context, map[string]string) (any, error) {
				all, err := w.Active()
				if err == nil && len(all) > 0 {
					err = fmt.Errorf("%s on %s is %s", all[0].Kind, all[0].Target, all[0].State)
				}
				return nil, err
			},
		},
	}
}
