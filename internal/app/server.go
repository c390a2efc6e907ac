package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/greenlang/fournines/internal/alerts"
	"github.com/greenlang/fournines/internal/assign"
	availabilitywiring "github.com/greenlang/fournines/internal/availability/wiring"
	"github.com/greenlang/fournines/internal/board"
	chaoswiring "github.com/greenlang/fournines/internal/chaos/wiring"
	compliancewiring "github.com/greenlang/fournines/internal/compliance/wiring"
	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/descriptor"
	"github.com/greenlang/fournines/internal/node"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/records"
	recoverywiring "github.com/greenlang/fournines/internal/recovery/wiring"
	runbookwiring "github.com/greenlang/fournines/internal/runbook/wiring"
	schedulewiring "github.com/greenlang/fournines/internal/schedule/wiring"
	"github.com/greenlang/fournines/internal/server"
	"github.com/greenlang/fournines/internal/state"
	"github.com/greenlang/fournines/internal/wing"
)

// ServerApp is the control plane: journal, state, control, and the loop over the facts.
type ServerApp struct {
	*wing.House // with journal, state and control once this server leads
	Version     string

	server       *server.Server
	records      *records.Records
	chaos        *chaoswiring.Wiring
	availability *availabilitywiring.Wiring
	recovery     *recoverywiring.Wiring
	compliance   *compliancewiring.Wiring
	schedules    *schedulewiring.Wiring
	wings        []wing.Wing
	doors        []Door // that were given beside their wings
	tasks        wing.Tasks
	alerts       *alerts.Alerts
	runbooks     *runbookwiring.Wiring
	loop         loop
	lag          prometheus.Histogram // of the control loop
	cancel       context.CancelFunc   // of everything that was started
}

// OpenServer opens a server of the installation. One that is alone opens journal and state
// and resumes what was left unfinished; of several each begins with [server.Server.Serve].
// Everything it starts ends with ctx, or with Close. It has the wings that more makes, too.
func OpenServer(ctx context.Context, root, seat, version string, log *slog.Logger, more ...Maker) (*ServerApp, error) {
	inst, layout, err := place.LoadInstallation(root)
	if err != nil {
		return nil, err
	}
	secrets, err := place.LoadSecrets(root)
	if err != nil {
		return nil, err
	}
	at, err := layout.Seat(seat)
	if err != nil {
		return nil, err
	}
	s := &ServerApp{
		House: &wing.House{
			Layout: layout, Secrets: secrets, Programs: inst.Programs, Seat: at, Dir: layout.SeatDir(at),
			Started: time.Now(), Facts: board.NewFacts(), Log: log, Now: time.Now,
			Descriptors: &descriptor.Gauge{Log: log},
		},
		Version: version, lag: newLag(), tasks: wing.Tasks{Log: log},
	}
	s.House.Practice = s.practice
	s.registerWings(more...)
	ctx, s.cancel = context.WithCancel(ctx)
	if s.server.Shared() {
		return s, nil
	}
	if err := s.server.OpenAlone(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// lead opens the state over the journal and begins to act.
func (s *ServerApp) lead(ctx context.Context, store state.Store) (http.Handler, error) {
	var err error
	s.State, err = state.Open(ctx, s.Journal, store, s.Log, s.folds()...)
	if err != nil {
		return nil, err
	}
	for _, w := range s.wings {
		if w.Open == nil {
			continue
		}
		if err := w.Open(ctx); err != nil {
			return nil, fmt.Errorf("open the wing %s: %w", w.Name, err)
		}
	}
	if err := wing.Record(ctx, s.House, serverStarted, s.Seat.Name, started{Version: s.Version, PID: os.Getpid()}); err != nil {
		return nil, err
	}
	s.Looking = time.Now()
	var kinds []control.Kind
	for _, w := range s.wings {
		kinds = append(kinds, w.Actions...)
	}
	s.Control, err = control.Start(ctx, control.Config{State: s.State, Kinds: kinds, Now: time.Now, Log: s.Log, Crash: control.CrashIn(os.Getenv(control.CrashDir))})
	if err != nil {
		return nil, err
	}
	s.tasks.Start(ctx, "server", wing.Task{Name: "decide", Does: "Runs the deciders whenever facts change.", Every: tick, Wake: s.Facts.Changed, Do: s.decideRound})
	for _, w := range s.wings {
		s.tasks.Start(ctx, w.Name, w.Tasks...)
	}
	return s.Handler(), nil
}

// Serve answers on the installation's address until ctx ends. Where several servers hold the
// journal it takes part, and ends with [quorum.ErrDeposed] when it has led and does no more.
func (s *ServerApp) Serve(ctx context.Context) error { return s.server.Serve(ctx) }

// Close ends everything.
func (s *ServerApp) Close() error {
	s.cancel()
	if s.Control != nil {
		s.Control.Close()
	}
	s.tasks.Wait()
	var err error
	if s.State != nil {
		for _, w := range s.wings {
			if w.Close != nil {
				err = errors.Join(err, w.Close())
			}
		}
		s.State.Close()
	}
	return errors.Join(err, s.server.Close())
}

// assignment returns what a zone shall run now: what availability wants, the faults of chaos, and
// the jobs of recovery.
func (s *ServerApp) assignment(region, zone string) (node.Assignment, error) {
	wanted, err1 := s.availability.Desired(region, zone)
	faults, err2 := s.chaos.Leases(region, zone)
	jobs, err3 := s.recovery.Jobs(region, zone)
	if err := errors.Join(err1, err2, err3); err != nil {
		return node.Assignment{}, err
	}
	wanted.Faults, wanted.Jobs = faults, jobs
	return assign.Assign(s.Layout, s.Programs, s.Secrets, region, zone, wanted)
}
