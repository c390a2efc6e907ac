package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	chaoswiring "github.com/greenlang/fournines/internal/chaos/wiring"
	compliancewiring "github.com/greenlang/fournines/internal/compliance/wiring"
	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/state"
	"github.com/greenlang/fournines/internal/wing"
)

// registerWings makes every wing, one line each, and more that a test has. What a wing holds
// reaches everything else from here: its kinds of entries, folds, actions, deciders, tasks,
// findings and metrics.
func (s *ServerApp) registerWings(more ...func(*wing.House) wing.Wing) {
	add := func(w wing.Wing) { s.wings = append(s.wings, w) }
	chaos, w := chaoswiring.New(s.house)
	s.chaos = chaos
	add(w)
	s.compliance, w = compliancewiring.New(s.house, s.complianceOptions())
	add(w)
	for _, of := range more {
		add(of(s.house))
	}
}

// openWings opens what the wings' tasks and actions stand on.
func (s *ServerApp) openWings(ctx context.Context) error {
	for _, w := range s.wings {
		if w.Open == nil {
			continue
		}
		if err := w.Open(ctx); err != nil {
			return fmt.Errorf("open %s: %w", w.Name, err)
		}
	}
	return nil
}

// closeWings closes it, the last one first.
func (s *ServerApp) closeWings() error {
	var errs []error
	for _, w := range slices.Backward(s.wings) {
		if w.Close != nil {
			errs = append(errs, w.Close())
		}
	}
	return errors.Join(errs...)
}

func (s *ServerApp) foldsOfWings() []state.Fold {
	var out []state.Fold
	for _, w := range s.wings {
		if w.Fold != nil {
			out = append(out, w.Fold)
		}
	}
	return out
}

func (s *ServerApp) actionsOfWings() []control.Kind {
	var out []control.Kind
	for _, w := range s.wings {
		out = append(out, w.Actions...)
	}
	return out
}

// decideWings hands what the wings want done to control. A wing whose view cannot be read
// whole decides nothing in this round.
func (s *ServerApp) decideWings(ctx context.Context, now time.Time) {
	for _, w := range s.wings {
		if w.Decide == nil {
			continue
		}
		actions, err := w.Decide(now)
		if err != nil {
			s.Log.Error("a wing decides nothing, because what it rests on is unreadable", "wing", w.Name, "err", err)
			continue
		}
		s.submit(ctx, actions)
	}
}

// findingsOfWings returns what the wings and the tasks find.
func (s *ServerApp) findingsOfWings(now time.Time) ([]wing.Finding, error) {
	out := s.tasks.Findings(now)
	for _, w := range s.wings {
		if w.Findings == nil {
			continue
		}
		found, err := w.Findings(now)
		if err != nil {
			return nil, err
		}
		out = slices.Concat(out, found)
	}
	return out, nil
}

// ownTasks are the tasks that belong to no wing yet.
func (s *ServerApp) ownTasks() []wing.Task {
	forever := func(name, does string, run func(context.Context)) wing.Task {
		return wing.Task{Name: name, Does: does, Do: func(ctx context.Context) error { run(ctx); return nil }}
	}
	out := []wing.Task{
		forever("decide", "Runs the deciders whenever facts change.", s.loop),
		forever("alerts", "Tells people what needs them.", s.watchAlerts),
		forever("verdicts", "Judges once a minute whether each home could be moved.", s.watchVerdicts),
	}
	if s.shared() {
		out = append(out,
			forever("servers", "Asks the other servers how they are.", s.watchSeats),
			forever("keys", "Keeps the keys of persons on every server.", s.keepKeys))
	}
	if len(s.Regions) > 1 {
		out = append(out,
			forever("mirrors", "Sends numbered records through the mirrors between regions.", s.watchMirrors),
			forever("links", "Records when a link between regions is cut or mended.", s.watchLinks),
			forever("objects", "Copies objects between regions.", s.replicateObjects))
	}
	return out
}
