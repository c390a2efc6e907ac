package server

import (
	"net/http"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/machines"
	"github.com/greenlang/fournines/internal/state"
)

// Which machines may run a server: people invite and dismiss them in the directory of the
// gate, which also works while nobody leads, and the gate tells the journal.

// machineChanged is what happened to a machine that runs a server of ours.
var machineChanged = journal.NewKind[machines.Change]("server.machine", "Another machine was invited to run a server of the control plane, has joined, or was dismissed.")

// machinePrefix begins the document with the last change of a server's machine.
const machinePrefix = "server-machine/"

// foldMachines keeps the last change of each machine.
func foldMachines(d *state.Docs, r journal.Record) error {
	if r.Kind != machineChanged.Name {
		return nil
	}
	var c machines.Change
	if err := r.Decode(&c); err != nil {
		return err
	}
	return d.Put(machinePrefix+c.Machine, c)
}

// TakeMachine takes a change that the gate tells. It tells them in order until they are
// taken, so what it tells again is the last one.
func (s *Server) TakeMachine(w http.ResponseWriter, r *http.Request) {
	var c, last machines.Change
	if !api.Receive(w, r, &c) {
		return
	}
	if _, err := s.house.Layout.Seat(c.Machine); err != nil {
		api.Refuse(w, http.StatusNotFound, "No such server", err.Error())
		return
	}
	_, err := s.house.State.Get(machinePrefix+c.Machine, &last)
	if err == nil && last.ID != c.ID {
		var e journal.Entry
		if e, err = machineChanged.Entry(c.Machine, c.ID, c); err == nil {
			e.Actor = "system"
			if c.By != "" {
				e.Actor = c.By
			}
			_, err = s.house.State.Append(r.Context(), e)
		}
	}
	if err != nil {
		api.Refuse(w, http.StatusServiceUnavailable, "The change was not recorded", err.Error())
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
