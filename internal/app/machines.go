package app

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/greenlang/fournines/internal/app/machines"
	"github.com/greenlang/fournines/internal/journal"
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

// machineReport takes a change that the gate tells. It tells them in order until they are
// taken, so what it tells again is the last one.
func (s *ServerApp) machineReport(w http.ResponseWriter, r *http.Request) {
	var c, last machines.Change
	if !decodeBody(w, r, &c) {
		return
	}
	if _, err := s.Layout.Seat(c.Machine); err != nil {
		problem(w, http.StatusNotFound, "No such server", err.Error())
		return
	}
	_, err := s.State.Get(machinePrefix+c.Machine, &last)
	if err == nil && last.ID != c.ID {
		var e journal.Entry
		if e, err = machineChanged.Entry(c.Machine, c.ID, c); err == nil {
			e.Actor = "system"
			if c.By != "" {
				e.Actor = c.By
			}
			_, err = s.State.Append(r.Context(), e)
		}
	}
	if err != nil {
		problem(w, http.StatusServiceUnavailable, "The change was not recorded", err.Error())
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// gateRegistry returns who may join the installation in root.
func gateRegistry(root string) machines.Registry {
	return machines.Registry{Dir: filepath.Join(root, Gate), Now: time.Now}
}

// invitationStands is how long an invitation stands.
const invitationStands = time.Hour

// InviteServer makes an invitation for the machine that shall run a server.
func InviteServer(root, name, by string) (machines.Invitation, error) {
	i, layout, err := LoadInstallation(root)
	if err != nil {
		return machines.Invitation{}, err
	}
	s, err := layout.Seat(name)
	if err != nil {
		return machines.Invitation{}, err
	}
	if !layout.elsewhere(s) {
		return machines.Invitation{}, fmt.Errorf("%s runs on this machine; to have it on another, bring the platform up with --elsewhere %s --gate HOST:PORT", name, name)
	}
	r := gateRegistry(root)
	key, err := r.Signer()
	if err != nil {
		return machines.Invitation{}, err
	}
	secret, err := r.Invite(name, by, invitationStands)
	return machines.Invitation{Machine: name, Gate: i.Gate, GateKey: ssh.FingerprintSHA256(key.PublicKey()), Secret: secret}, err
}

// DismissServer takes back the key of the machine that runs a server: it is cut off at once.
func DismissServer(root, name, by string) error {
	if _, _, err := LoadInstallation(root); err != nil {
		return err
	}
	return gateRegistry(root).Dismiss(name, by)
}

// tellMachines has the journal know what happened to machines.
func tellMachines(ctx context.Context, known machines.Registry, client *Client, log *slog.Logger) {
	every(ctx, time.Second, func(ctx context.Context) {
		for ctx.Err() == nil {
			all, err := known.Untold()
			if err == nil && len(all) == 0 {
				return
			}
			if err == nil {
				err = client.Call(ctx, http.MethodPost, "/machines", all[0].ID, all[0], nil)
			}
			if err == nil {
				err = known.Told(all[0].ID)
			}
			if err != nil {
				if ctx.Err() == nil && !Away(err) {
					log.Error("what happened to a machine could not be recorded", "err", err)
				}
				return
			}
		}
	})
}
