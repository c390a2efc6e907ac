package server

import (
	"net/http"
	"path/filepath"
	"time"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/compliance"
	"github.com/greenlang/fournines/internal/journal/witness"
)

// Where several servers hold one journal, those that follow are its witnesses: each cosigns
// the leader's checkpoints with a key of its own, after it has proved that they continue
// what it knows. So whoever has a checkpoint with their cosignatures has the word of
// servers in other regions, not only of the one that wrote it.

// openSeatWitness opens the witness of a server that follows.
func (s *Server) openSeatWitness() (*witness.Witness, error) {
	logs := witness.Logs{}
	if err := logs.Add(s.house.Journal.VerifierKey()); err != nil {
		return nil, err
	}
	return witness.New(witness.Options{
		Dir: filepath.Join(s.house.Dir, "witness"), Name: compliance.WitnessName(s.house.Journal.Origin(), s.house.Seat.Number, s.house.Seat.Region), Logs: logs, Now: time.Now,
		Alarm: func(f witness.Finding) {
			s.house.Log.Error("the leader's journal is not what it was", "evidence", f.String())
		},
		Failed: func(err error) { s.house.Log.Error("witness", "err", err) },
	})
}

// mountSeatWitness answers the leader's feeder, and tells the keys.
func (s *Server) mountSeatWitness(mux *http.ServeMux, work *witness.Witness) {
	mux.HandleFunc("GET "+compliance.WitnessPath+"/card", func(rw http.ResponseWriter, _ *http.Request) {
		api.Send(rw, compliance.Card{Log: s.house.Journal.VerifierKey(), Witness: work.Cosigner().String()})
	})
	mux.Handle(compliance.WitnessPath+"/", http.StripPrefix(compliance.WitnessPath, work))
}

// forks are those of a witness's findings that accuse the journal: which entries are
// decided is the quorum's word, so a smaller checkpoint of the same log accuses nobody.
func forks(findings []witness.Finding) []string {
	var out []string
	for _, f := range findings {
		if f.Kind == witness.Fork {
			out = append(out, f.String())
		}
	}
	return out
}

// Peers are the servers that hold our journal with us: each watches it.
func (s *Server) Peers() (peers []compliance.Peer) {
	if !s.Shared() {
		return nil
	}
	s.seats.mu.Lock()
	defer s.seats.mu.Unlock()
	for _, x := range s.house.Layout.Seats() {
		if key := s.seats.all[x.Name].fact.Witness; key != "" && x.Name != s.house.Seat.Name {
			peers = append(peers, compliance.Peer{Name: x.Name, URL: "http://" + s.house.Layout.SeatNear(s.house.Seat, x), Log: s.house.Journal.VerifierKey(), Witness: key})
		}
	}
	return peers
}
