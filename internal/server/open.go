package server

import (
	"context"
	"path/filepath"

	"go.etcd.io/etcd/server/v3/etcdserver/api/v3client"

	"github.com/greenlang/fournines/internal/driver/etcd"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/state"
)

// OpenAlone opens journal and state of the only server, and begins to act.
func (s *Server) OpenAlone(ctx context.Context) error {
	var err error
	if s.house.Journal, err = (journal.Options{Kinds: s.options.Kinds(), Log: s.house.Log}).Open(s.journalDir()); err != nil {
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

// member is the server's own etcd as one that founds a cluster.
func (s *Server) member() etcd.Member {
	peer := "http://" + s.house.Layout.SeatAddr(s.house.Seat, place.EtcdPeer)
	return etcd.Member{
		Name: s.house.Seat.Name, Dir: filepath.Join(s.house.Dir, "state"), Client: "http://" + s.house.Layout.SeatAddr(s.house.Seat, place.EtcdPort), Peer: peer, Cluster: s.house.Seat.Name + "=" + peer,
		Token: "fournines", MaxRequest: MaxRequest,
	}
}

// startState starts the server's own etcd.
func (s *Server) startState(ctx context.Context, m etcd.Member) error {
	var err error
	s.etcd, err = etcd.Open(ctx, m, etcd.Place{Listen: "http://" + s.house.Layout.SeatPeer(s.house.Seat), From: s.house.Layout.SeatIP(s.house.Seat)})
	if err != nil {
		return err
	}
	s.docs = v3client.New(s.etcd.EtcdServer)
	return nil
}

// MaxRequest is what our own etcd takes at once: a group of entries may be that of one
// caller, and larger than others. In bytes.
const MaxRequest = 10 << 20
