package server

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/greenlang/fournines/internal/driver/etcd"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/quorum"
	"github.com/greenlang/fournines/internal/state"
	"github.com/greenlang/fournines/internal/wing"
)

// Options is what a server needs of those above it.
type Options struct {
	Version string
	Kinds   func() []journal.Kind // of entries that the journal may hold
	// Lead begins to act over the house's journal, and returns what is answered from then on.
	Lead func(context.Context, state.Store) (http.Handler, error)
	// PeersChanged is told when the witness of another server has another key than before.
	PeersChanged func()
}

// Server is one server's part in the control plane: it opens the journal, decides alone or
// with others who leads, and answers as what it is.
type Server struct {
	house   *wing.House
	options Options

	quorum  *quorum.Quorum               // nil: this server decides alone
	serving atomic.Pointer[http.Handler] // what is answered now; nil: that it is too early
	etcd    *etcd.Server                 // nil: the quorum's is another program
	docs    *clientv3.Client
	seats   seatFacts
	wg      sync.WaitGroup
}

// New returns the server of a seat, and what it hands to the house.
func New(h *wing.House, o Options) (*Server, wing.Wing) {
	s := &Server{house: h, options: o}
	w := wing.Wing{Name: "server", Entries: []journal.Kind{machineChanged.Kind}, Fold: foldMachines, Findings: s.findings}
	if s.Shared() {
		w.Tasks = []wing.Task{
			{Name: "servers", Does: "Asks the other servers how they are.", Every: seatsEvery, Do: s.lookAtSeats},
			{Name: "keys", Does: "Keeps the keys of persons on every server.", Every: reconcileEvery, Do: s.keepKeys},
		}
	}
	return s, w
}

// Shared tells whether several servers hold the journal.
func (s *Server) Shared() bool { return s.house.Layout.Servers > 1 }

// Leads tells whether what this server knows is the newest: it decides alone, or leads.
func (s *Server) Leads() bool { return !s.Shared() || s.quorum != nil && s.quorum.Leads() }

// Close gives the leadership up and closes journal and etcd, once nothing of ours has an
// effect any more.
func (s *Server) Close() error {
	s.wg.Wait()
	var err error
	if s.house.Journal != nil {
		err = s.house.Journal.Close()
	}
	if s.quorum != nil {
		if rerr := s.quorum.Resign(context.Background()); rerr != nil { // all of them may be ending
			s.house.Log.Warn("the leadership ends with its lease", "err", rerr)
		}
	}
	if s.etcd != nil {
		s.etcd.Close()
	} else if s.docs != nil {
		err = errors.Join(err, s.docs.Close())
	}
	return err
}

// lead begins to act, and answers as the leader.
func (s *Server) lead(ctx context.Context, store state.Store) error {
	h, err := s.options.Lead(ctx, store)
	if err == nil {
		s.serving.Store(&h)
	}
	return err
}
