package wiring

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/greenlang/fournines/internal/assign"
	"github.com/greenlang/fournines/internal/chaos"
	"github.com/greenlang/fournines/internal/driver/fault"
	"github.com/greenlang/fournines/internal/place"
)

// guards is which faults of servers are active, as their guards say.
type guards struct {
	mu     sync.Mutex // guards active
	active map[string]bool
}

func (g *guards) note(id string, active bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.active[id] = active
}

// holds tells whether the fault's guard holds it, also where nobody has asked yet.
func (g *guards) holds(id string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	active, known := g.active[id]
	return active || !known
}

func (w *Wiring) checkServer(f chaos.Fault) error {
	if !kindOf(f).Servers {
		return fmt.Errorf("fault %s does not apply to a server; use %s or %s", f.Kind, fault.ProcessKill, fault.ProcessFreeze)
	}
	seat, err := w.house.Layout.Seat(f.Target)
	if err != nil {
		return err
	}
	if !w.house.Layout.SameMachine(w.house.Seat, seat) {
		return fmt.Errorf("%s runs on another machine than %s, which leads: do it there with the machine's own means", seat.Name, w.house.Seat.Name)
	}
	return w.checkLease(f)
}

// keepServerFaults makes the faults of servers come true, and ends them. Servers have no
// node; the one that leads asks the guards of its machine.
func (w *Wiring) keepServerFaults(context.Context) error {
	faults, err := w.Active()
	if err != nil {
		return err
	}
	keeper := assign.FaultKeeper(w.house.Layout.Root)
	var errs []error
	for _, f := range faults {
		seat, err := w.house.Layout.Seat(f.Target)
		if err != nil {
			continue
		}
		if !w.house.Layout.SameMachine(w.house.Seat, seat) { // its guard is there, and ends it at its time
			w.held.note(f.ID, w.house.Now().Before(f.Until))
			continue
		}
		l, err := w.leaseOf(f)
		active := false
		if err == nil {
			active, err = keeper.Ensure(l, f.Cleared)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("inject fault %s of %s: %w", f.ID, f.Target, err))
		}
		w.held.note(f.ID, active)
	}
	return errors.Join(errs...)
}

// serverSeen tells whether the fault shows: the server that was killed has begun anew, and
// the one that is frozen does not answer.
func (w *Wiring) serverSeen(f chaos.Fault, seat place.Seat) bool {
	if seat.Name == w.house.Seat.Name {
		return kindOf(f).Kills && w.house.Started.After(f.Begun)
	}
	s := w.house.Facts.Server(seat.Name)
	if kindOf(f).Kills {
		return s.Started.After(f.Begun)
	}
	return w.house.Now().Sub(s.At) > gone // also where it has not answered since this one leads
}
