package app

import (
	"net/http"
	"path/filepath"
	"time"

	"github.com/greenlang/fournines/internal/compliance"
	compliancedoor "github.com/greenlang/fournines/internal/compliance/door"
	compliancewiring "github.com/greenlang/fournines/internal/compliance/wiring"
	"github.com/greenlang/fournines/internal/journal/witness"
)

// Where several servers hold one journal, those that follow are its witnesses: each cosigns
// the leader's checkpoints with a key of its own, after it has proved that they continue
// what it knows. So whoever has a checkpoint with their cosignatures has the word of
// servers in other regions, not only of the one that wrote it.

// openSeatWitness opens the witness of a server that follows.
func (s *ServerApp) openSeatWitness() (*witness.Witness, error) {
	logs := witness.Logs{}
	if err := logs.Add(s.Journal.VerifierKey()); err != nil {
		return nil, err
	}
	return witness.New(witness.Options{
		Dir: filepath.Join(s.dir(), "witness"), Name: compliancewiring.WitnessName(s.Journal, s.seat), Logs: logs, Now: time.Now,
		Alarm: func(f witness.Finding) {
			s.Log.Error("the leader's journal is not what it was", "evidence", f.String())
		},
		Failed: func(err error) { s.Log.Error("witness", "err", err) },
	})
}

// mountSeatWitness answers the leader's feeder, and tells the keys.
func (s *ServerApp) mountSeatWitness(mux *http.ServeMux, w *witness.Witness) {
	mux.HandleFunc("GET "+compliancewiring.WitnessPath+"/card", func(rw http.ResponseWriter, _ *http.Request) {
		writeJSON(rw, compliancedoor.Card{Log: s.Journal.VerifierKey(), Witness: w.Cosigner().String()})
	})
	mux.Handle(compliancewiring.WitnessPath+"/", http.StripPrefix(compliancewiring.WitnessPath, w))
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

// seatPeers are the servers that hold our journal with us: each watches it.
func (s *ServerApp) seatPeers() (peers []compliance.Peer) {
	if !s.shared() {
		return nil
	}
	s.seats.mu.Lock()
	defer s.seats.mu.Unlock()
	for _, x := range s.Layout.Seats() {
		if key := s.seats.all[x.Name].fact.Witness; key != "" && x.Name != s.seat.Name {
			peers = append(peers, compliance.Peer{Name: x.Name, URL: "http://" + s.Layout.SeatNear(s.seat, x), Log: s.Journal.VerifierKey(), Witness: key})
		}
	}
	return peers
}
