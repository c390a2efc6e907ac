package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3client"

	"github.com/greenlang/fournines/internal/alerts"
	"github.com/greenlang/fournines/internal/assign"
	availabilitywiring "github.com/greenlang/fournines/internal/availability/wiring"
	"github.com/greenlang/fournines/internal/board"
	chaoswiring "github.com/greenlang/fournines/internal/chaos/wiring"
	compliancewiring "github.com/greenlang/fournines/internal/compliance/wiring"
	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/drill"
	"github.com/greenlang/fournines/internal/driver/etcd"
	"github.com/greenlang/fournines/internal/evidence"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/node"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/quorum"
	"github.com/greenlang/fournines/internal/records"
	"github.com/greenlang/fournines/internal/state"
	"github.com/greenlang/fournines/internal/wing"
)

// ServerApp is the control plane: journal, state, control, and the loop over the facts.
type ServerApp struct {
	place.Installation
	Layout  place.Layout
	Secrets place.Secrets
	Journal *journal.Journal
	State   *state.Projection
	Control *control.Control
	Facts   *board.Facts
	Log     *slog.Logger
	Version string
	Started time.Time

	seat         place.Seat
	quorum       *quorum.Quorum               // nil: this server decides alone
	serving      atomic.Pointer[http.Handler] // what is answered now; nil: that it is too early
	etcd         *etcd.Server                 // nil: the quorum's is another program
	docs         *clientv3.Client
	seats        seatFacts
	house        *wing.House
	records      *records.Records
	chaos        *chaoswiring.Wiring
	availability *availabilitywiring.Wiring
	compliance   *compliancewiring.Wiring
	wings        []wing.Wing
	doors        []Door // that more wings brought
	tasks        wing.Tasks
	alerts       *alerts.Alerts
	loop         loop
	lag          prometheus.Histogram // of the control loop
	cancel       context.CancelFunc   // of everything that was started
	wg           sync.WaitGroup
}

// OpenServer opens a server of the installation. One that is alone opens journal and state
// and resumes what was left unfinished; of several each begins with [ServerApp.Serve].
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
	s := &ServerApp{
		Installation: inst, Layout: layout, Secrets: secrets, Facts: board.NewFacts(), Log: log, Version: version, Started: time.Now(),
		lag: newLag(), tasks: wing.Tasks{Log: log},
	}
	if s.seat, err = layout.Seat(seat); err != nil {
		return nil, err
	}
	s.house = &wing.House{Layout: layout, Secrets: secrets, Programs: inst.Programs, Seat: s.seat, Dir: s.dir(), Started: s.Started, Facts: s.Facts, Log: log, Now: time.Now}
	s.registerWings(more...)
	ctx, s.cancel = context.WithCancel(ctx)
	if s.shared() {
		return s, nil
	}
	if err := s.openAlone(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// dir returns the server's own directory.
func (s *ServerApp) dir() string { return s.Layout.SeatDir(s.seat) }

// openAlone opens journal and state of the only server, and begins to act.
func (s *ServerApp) openAlone(ctx context.Context) error {
	var err error
	if s.Journal, err = (journal.Options{Kinds: s.entryKinds(), Log: s.Log}).Open(s.journalDir()); err != nil {
		return err
	}
	if s.external() {
		if err := s.reachExternal(); err != nil {
			return err
		}
	} else if err := s.startState(ctx, s.member()); err != nil {
		return err
	}
	return s.lead(ctx, state.Etcd{Client: s.docs})
}

// lead opens the state over the journal and begins to act.
func (s *ServerApp) lead(ctx context.Context, store state.Store) error {
	var err error
	s.State, err = state.Open(ctx, s.Journal, store, s.Log, slices.Concat([]state.Fold{control.Fold, drill.Fold, evidence.Fold, evidence.FoldDays, evidence.FoldIncidents, foldMachines}, s.foldsOfWings())...)
	if err != nil {
		return err
	}
	s.house.Journal, s.house.State = s.Journal, s.State
	for _, w := range s.wings {
		if w.Open == nil {
			continue
		}
		if err := w.Open(ctx); err != nil {
			return fmt.Errorf("open the wing %s: %w", w.Name, err)
		}
	}
	if err := wing.Record(ctx, s.house, serverStarted, s.seat.Name, started{Version: s.Version, PID: os.Getpid()}); err != nil {
		return err
	}
	s.house.Looking = time.Now()
	s.Control, err = control.Start(ctx, control.Config{State: s.State, Kinds: s.actionsOfWings(), Now: time.Now, Log: s.Log, Crash: control.CrashIn(os.Getenv(control.CrashDir))})
	if err != nil {
		return err
	}
	s.house.Control = s.Control
	s.tasks.Start(ctx, "server", s.ownTasks()...)
	for _, w := range s.wings {
		s.tasks.Start(ctx, w.Name, w.Tasks...)
	}
	h := s.Handler()
	s.serving.Store(&h)
	return nil
}

// member is the server's own etcd as one that founds a cluster.
func (s *ServerApp) member() etcd.Member {
	peer := "http://" + s.Layout.SeatAddr(s.seat, place.EtcdPeer)
	return etcd.Member{
		Name: s.seat.Name, Dir: filepath.Join(s.dir(), "state"), Client: "http://" + s.Layout.SeatAddr(s.seat, place.EtcdPort), Peer: peer, Cluster: s.seat.Name + "=" + peer,
		Token: "fournines", MaxRequest: maxRequest,
	}
}

// startState starts the server's own etcd.
func (s *ServerApp) startState(ctx context.Context, m etcd.Member) error {
	var err error
	s.etcd, err = etcd.Open(ctx, m, etcd.Place{Listen: "http://" + s.Layout.SeatPeer(s.seat), From: s.Layout.SeatIP(s.seat)})
	if err != nil {
		return err
	}
	s.docs = v3client.New(s.etcd.EtcdServer)
	return nil
}

// maxRequest is what our own etcd takes at once: a group of entries may be that of one
// caller, and larger than others. In bytes.
const maxRequest = 10 << 20

// Close ends everything.
func (s *ServerApp) Close() error {
	s.cancel()
	if s.Control != nil {
		s.Control.Close()
	}
	s.wg.Wait()
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
	if s.Journal != nil {
		err = errors.Join(err, s.Journal.Close())
	}
	if s.quorum != nil { // now that nothing of ours has an effect any more, somebody else may lead
		if rerr := s.quorum.Resign(context.Background()); rerr != nil { // all of them may be ending
			s.Log.Warn("the leadership ends with its lease", "err", rerr)
		}
	}
	if s.etcd != nil {
		s.etcd.Close()
	} else if s.docs != nil {
		err = errors.Join(err, s.docs.Close())
	}
	return err
}

// assignment returns what a zone shall run now: what availability wants, and the faults of chaos.
func (s *ServerApp) assignment(region, zone string) (node.Assignment, error) {
	wanted, err1 := s.availability.Desired(region, zone)
	faults, err2 := s.chaos.Leases(region, zone)
	if err := errors.Join(err1, err2); err != nil {
		return node.Assignment{}, err
	}
	wanted.Faults = faults
	return assign.Assign(s.Layout, s.Programs, s.Secrets, region, zone, wanted)
}
