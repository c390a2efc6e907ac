package app

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/greenlang/fournines/internal/assign"
	"github.com/greenlang/fournines/internal/chaos"
	"github.com/greenlang/fournines/internal/driver/fault"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/wait"
)

// Faults of servers: no node looks after a server, so the server that leads injects them,
// its own included. The guard that holds a fault is a process of its own, and whoever leads
// next knows the fault from the journal.

// serverFaults is which faults of servers are active, as their guards say.
type serverFaults struct {
	mu     sync.Mutex // guards active
	active map[string]bool
}

func (x field) checkServer(f chaos.Fault) error {
	if f.Kind != fault.ProcessKill && f.Kind != fault.ProcessFreeze {
		return fmt.Errorf("fault %s is none of a server's; there are %s and %s", f.Kind, fault.ProcessKill, fault.ProcessFreeze)
	}
	seat, err := x.s.Layout.Seat(f.Target)
	if err == nil {
		err = x.s.otherMachine(seat)
	}
	if err != nil {
		return err
	}
	l, err := x.s.leaseOf(f)
	if err != nil {
		return err
	}
	return l.Validate(time.Now())
}

// faultEvery is the time between two looks at the faults of servers.
const faultEvery = 200 * time.Millisecond

// keepServerFaults makes the faults of servers come true, and ends them, until ctx ends.
func (s *ServerApp) keepServerFaults(ctx context.Context) {
	keeper := assign.FaultKeeper(s.Layout.Root)
	for ctx.Err() == nil {
		faults, err := s.activeFaults()
		if err != nil {
			s.Log.Error("faults are unreadable", "err", err)
		}
		for _, f := range faults {
			seat, err := s.Layout.Seat(f.Target)
			if err != nil {
				continue
			}
			if !s.Layout.SameMachine(s.seat, seat) { // its guard is there, and ends it at its time
				s.serverFaults.note(f.ID, time.Now().Before(f.Until))
				continue
			}
			l, err := s.leaseOf(f)
			active := false
			if err == nil {
				active, err = keeper.Ensure(l, f.Cleared)
			}
			if err != nil {
				s.Log.Error("a fault of a server could not be injected", "fault", f.ID, "target", f.Target, "err", err)
			}
			s.serverFaults.note(f.ID, active)
		}
		wait.Sleep(ctx, faultEvery)
	}
}

func (f *serverFaults) note(id string, active bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.active == nil {
		f.active = map[string]bool{}
	}
	f.active[id] = active
}

// serverFaultActive tells whether the fault's guard holds it, also where nobody has asked yet.
func (s *ServerApp) serverFaultActive(id string) bool {
	s.serverFaults.mu.Lock()
	defer s.serverFaults.mu.Unlock()
	active, known := s.serverFaults.active[id]
	return active || !known
}

// serverFaultSeen tells whether the fault shows: the server that was killed has begun anew,
// and the one that is frozen does not answer.
func (s *ServerApp) serverFaultSeen(f chaos.Fault, seat place.Seat) bool {
	started, away := s.Started, time.Duration(0)
	if seat.Name != s.seat.Name {
		s.seats.mu.Lock()
		seen := s.seats.all[seat.Name]
		s.seats.mu.Unlock()
		started, away = seen.fact.Started, time.Since(seen.at) // also where it has not answered since this one leads
	}
	if f.Kind == fault.ProcessKill {
		return started.After(f.Begun)
	}
	return away > 1500*time.Millisecond
}
