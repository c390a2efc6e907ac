package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3client"

	"github.com/greenlang/fournines/internal/assign"
	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/board"
	chaoswiring "github.com/greenlang/fournines/internal/chaos/wiring"
	compliancewiring "github.com/greenlang/fournines/internal/compliance/wiring"
	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/drill"
	"github.com/greenlang/fournines/internal/driver/etcd"
	"github.com/greenlang/fournines/internal/edge"
	"github.com/greenlang/fournines/internal/evidence"
	"github.com/greenlang/fournines/internal/host"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/node"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/quorum"
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

	looking   time.Time // since when this server decides, and gathers what it decides on
	seat      place.Seat
	quorum    *quorum.Quorum               // nil: this server decides alone
	serving   atomic.Pointer[http.Handler] // what is answered now; nil: that it is too early
	regions   map[string]*region
	power     host.Switch
	etcd      *etcd.Server // nil: the quorum's is another program
	docs      *clientv3.Client
	seats     seatFacts
	house     *wing.House
	chaos     *chaoswiring.Wiring
	wings     []wing.Wing
	tasks     wing.Tasks
	traffic   *traffic
	vantage   *vantage
	notifiers []*notifier
	seen      *seen
	lag       prometheus.Histogram // of the control loop
	units     map[string]string    // component id → version of the unit as it would be started now
	cancel    context.CancelFunc   // of everything that was started
	wg        sync.WaitGroup

	compliance *compliancewiring.Wiring
}

// OpenServer opens a server of the installation. One that is alone opens journal and state
// and resumes what was left unfinished; of several each begins with [ServerApp.Serve].
// Everything it starts ends with ctx, or with Close. Besides the wings of [registerWings] it
// has those that more makes.
func OpenServer(ctx context.Context, root, seat, version string, log *slog.Logger, more ...func(*wing.House) wing.Wing) (*ServerApp, error) {
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
		regions: map[string]*region{}, power: host.NewSwitch(root), lag: newLag(), tasks: wing.Tasks{Log: log},
	}
	if s.seat, err = layout.Seat(seat); err != nil {
		return nil, err
	}
	s.house = &wing.House{Layout: layout, Secrets: secrets, Seat: s.seat, Dir: s.dir(), Started: s.Started, Facts: s.Facts, Log: log, Now: time.Now}
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
	s.State, err = state.Open(ctx, s.Journal, store, s.Log, slices.Concat([]state.Fold{control.Fold, availability.Fold, drill.Fold, evidence.Fold, evidence.FoldDays, evidence.FoldIncidents, evidence.FoldAlerts, foldTold, foldHostedZone, foldMachines, foldApp}, s.foldsOfWings())...)
	if err != nil {
		return err
	}
	s.house.Journal, s.house.State = s.Journal, s.State
	if err := s.openWings(ctx); err != nil {
		return err
	}
	for _, name := range s.Regions {
		if s.regions[name], err = newRegion(s.Layout, s.Secrets, s.Facts, name, time.Now); err != nil {
			return err
		}
	}
	if s.notifiers, err = newNotifiers(s.Layout.Platform.Spec.Notify); err != nil {
		return err
	}
	s.traffic, s.vantage = newTraffic(), newVantage()
	s.seen = newSeen()
	if err := s.version(); err != nil {
		return err
	}
	if err := record(ctx, s, serverStarted, s.seat.Name, started{Version: s.Version, PID: os.Getpid()}); err != nil {
		return err
	}
	s.looking = time.Now()
	for _, r := range s.regions {
		s.wg.Go(func() { r.observe(ctx) })
	}
	kinds := slices.Concat(s.postgres().Kinds(), s.redis().Kinds(), s.kafka().Kinds(), s.mover().Kinds(), s.actionsOfWings())
	s.Control, err = control.Start(ctx, control.Config{State: s.State, Kinds: kinds, Now: time.Now, Log: s.Log, Crash: control.CrashIn(os.Getenv(control.CrashDir))})
	if err != nil {
		return err
	}
	s.house.Control = s.Control
	s.tasks.Start(ctx, "server", s.ownTasks()...)
	for _, w := range s.wings {
		s.tasks.Start(ctx, w.Name, w.Tasks...)
	}
	if err := s.keepHostedZone(ctx); err != nil {
		return err
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
	err := s.closeWings()
	if s.State != nil {
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

// record appends one entry by the system itself.
func record[T any](ctx context.Context, s *ServerApp, kind journal.KindOf[T], subject string, v T) error {
	e, err := kind.Entry(subject, "", v)
	if err != nil {
		return err
	}
	e.Actor = "system"
	_, err = s.State.Append(ctx, e)
	return err
}

// edgeVersion is the document that numbers an edge's configurations.
type edgeVersion struct {
	Print   string `json:"print"`
	Version uint64 `json:"version"`
}

const (
	edgePrefix = "edge/"
	edgeEvent  = "edge-event/" // + region: number of its last event in the journal
)

// foldApp keeps the documents of the wiring itself.
func foldApp(d *state.Docs, r journal.Record) error {
	switch {
	case r.Kind == evidence.Counted.Name || r.Kind == evidence.OutsideCounted.Name:
		return nil
	case r.Kind == componentChanged.Name:
		return foldComponents(d, r)
	case strings.HasPrefix(r.Kind, "edge.") && r.Kind != edgeConfigured.Name:
		var ev edge.Event
		if err := r.Decode(&ev); err != nil {
			return err
		}
		return d.Put(edgeEvent+r.Subject, ev.Seq)
	case r.Kind != edgeConfigured.Name:
		return nil
	}
	var v edgeVersion
	if err := r.Decode(&v); err != nil {
		return err
	}
	v.Version = r.Index + 1
	return d.Put(edgePrefix+r.Subject, v)
}

// Directive returns what a region's edge shall do now.
func (s *ServerApp) Directive(ctx context.Context, region string) (assign.Directive, error) {
	placed, err := s.placement()
	fences, err1 := state.List[availability.Fence](s.State, availability.FencePrefix+region+"/")
	holds, err2 := state.List[availability.Hold](s.State, availability.HoldPrefix+region+"/")
	if err := errors.Join(err, err1, err2); err != nil {
		return assign.Directive{}, err
	}
	b, err := json.Marshal(assign.EdgeConfig(s.Layout, region, placed))
	if err != nil {
		return assign.Directive{}, err
	}
	var v edgeVersion
	if _, err := s.State.Get(edgePrefix+region, &v); err != nil {
		return assign.Directive{}, err
	}
	if v.Print != string(b) {
		if err := record(ctx, s, edgeConfigured, region, edgeVersion{Print: string(b)}); err != nil {
			return assign.Directive{}, err
		}
		if _, err := s.State.Get(edgePrefix+region, &v); err != nil {
			return assign.Directive{}, err
		}
	}
	holds = slices.DeleteFunc(holds, func(h availability.Hold) bool { return !time.Now().Before(h.Until) })
	return assign.Direct(s.Layout, region, placed, fences, holds, v.Version)
}

// version notes from what each unit would be started now; it depends on the
// installation alone, and is asked for often.
func (s *ServerApp) version() error {
	s.units = map[string]string{}
	for name, r := range s.regions {
		for _, z := range r.spec.Zones {
			a, err := assign.Assign(s.Layout, s.Programs, s.Secrets, name, z, assign.Desired{Serves: true})
			if err != nil {
				return err
			}
			for _, u := range a.Units {
				s.units[place.ID(name, z, u.Name)] = u.Version()
			}
		}
	}
	return nil
}

// assignment returns what a zone shall run now.
func (s *ServerApp) assignment(region, zone string) (node.Assignment, error) {
	r, ok := s.regions[region]
	if !ok || !slices.Contains(r.spec.Zones, zone) {
		return node.Assignment{}, fmt.Errorf("this installation runs no zone %s/%s", region, zone)
	}
	fences, err := state.List[availability.Fence](s.State, availability.FencePrefix+region+"/"+zone+"/")
	if err != nil {
		return node.Assignment{}, err
	}
	faults, err := s.chaos.Leases(region, zone)
	if err != nil {
		return node.Assignment{}, err
	}
	restarts, err := state.List[availability.RestartWish](s.State, availability.RestartPrefix+region+"/"+zone+"/")
	if err != nil {
		return node.Assignment{}, err
	}
	placed, err := s.placement()
	if err != nil {
		return node.Assignment{}, err
	}
	return assign.Assign(s.Layout, s.Programs, s.Secrets, region, zone, assign.Desired{Fences: fences, Primary: r.primary(), Faults: faults, Serves: placed.Runs(region), Restart: restarts})
}
