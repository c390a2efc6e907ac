package up

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/greenlang/fournines/internal/api/client"
	"github.com/greenlang/fournines/internal/machines"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/wait"
)

// gateRegistry returns who may join the installation in root.
func gateRegistry(root string) machines.Registry {
	return machines.Registry{Dir: filepath.Join(root, place.Gate), Now: time.Now}
}

// invitationStands is how long an invitation stands.
const invitationStands = time.Hour

// InviteServer makes an invitation for the machine that shall run a server.
func InviteServer(root, name, by string) (machines.Invitation, error) {
	i, layout, err := place.LoadInstallation(root)
	if err != nil {
		return machines.Invitation{}, err
	}
	s, err := layout.Seat(name)
	if err != nil {
		return machines.Invitation{}, err
	}
	if !layout.IsElsewhere(s) {
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
	if _, _, err := place.LoadInstallation(root); err != nil {
		return err
	}
	return gateRegistry(root).Dismiss(name, by)
}

// tellMachines has the journal know what happened to machines.
func tellMachines(ctx context.Context, known machines.Registry, server *client.Client, log *slog.Logger) {
	wait.Every(ctx, time.Second, func(ctx context.Context) {
		for ctx.Err() == nil {
			all, err := known.Untold()
			if err == nil && len(all) == 0 {
				return
			}
			if err == nil {
				err = server.Call(ctx, http.MethodPost, "/machines", all[0].ID, all[0], nil)
			}
			if err == nil {
				err = known.Told(all[0].ID)
			}
			if err != nil {
				if ctx.Err() == nil && !client.Away(err) {
					log.Error("what happened to a machine could not be recorded", "err", err)
				}
				return
			}
		}
	})
}
