package up

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"

	"github.com/greenlang/fournines/internal/api/client"
	"github.com/greenlang/fournines/internal/driver/tunnel"
	"github.com/greenlang/fournines/internal/place"
)

// bundle is what a machine must know to run a server: the files of the installation, by name.
type bundle struct {
	Root  string            `json:"root"`
	Files map[string][]byte `json:"files"`
}

// SharedFiles are those that every server needs.
var SharedFiles = []string{place.InstallationFile, place.PlatformFile, place.SecretsFile, place.TokenFile, place.PersonsMaster}

// Bundled are the files that servers share, by their path in the data directory: also the
// authorities by which object stores are known. Paths and keys in them are the same on each
// machine, because all servers tell nodes the same.
func Bundled(l place.Layout) []string {
	var dirs []string
	if l.EmbedsObjects() {
		dirs = append(dirs, place.Objects)
	}
	for _, region := range l.ObjectRegions() {
		dirs = append(dirs, place.Cluster(region, place.Objects))
	}
	out := slices.Clone(SharedFiles)
	for _, dir := range dirs {
		out = append(out, filepath.Join(filepath.FromSlash(dir), place.ObjectsCA))
	}
	return out
}

// bundle reads what is told to a machine.
func bundleOf(l place.Layout) (bundle, error) {
	b := bundle{Root: l.Root, Files: map[string][]byte{}}
	for _, name := range Bundled(l) {
		content, err := os.ReadFile(filepath.Join(l.Root, name))
		if errors.Is(err, fs.ErrNotExist) { // such as the keys of persons' master before the first server leads
			return b, fmt.Errorf("the platform is starting, and has made no %s yet; try again", name)
		}
		if err != nil {
			return b, err
		}
		b.Files[name] = content
	}
	return b, nil
}

// RunGate lets machines that were invited join, and carries the traffic between them and
// this one, until ctx ends.
func RunGate(ctx context.Context, root string, log *slog.Logger) error {
	inst, layout, err := place.LoadInstallation(root)
	if err != nil {
		return err
	}
	secrets, err := place.LoadSecrets(root)
	if err != nil {
		return err
	}
	known := gateRegistry(root)
	key, err := known.Signer()
	if err != nil {
		return err
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", inst.Gate)
	if err != nil {
		return fmt.Errorf("open the gate: %w; choose another address with --gate", err)
	}
	g := &tunnel.Gate{
		Key: key, Machines: known, Log: log,
		Ends: func(machine string) (tunnel.Ends, bool) {
			s, err := layout.Seat(machine)
			if err != nil || !layout.IsElsewhere(s) {
				return tunnel.Ends{}, false
			}
			return tunnel.Ends{Listen: layout.SeatAddresses(s), Dial: dialler(layout.SeatIP(s), reachable(layout, s))}, true
		},
		Files: func() ([]byte, error) {
			b, err := bundleOf(layout)
			if err != nil {
				return nil, err
			}
			return json.Marshal(b)
		},
	}
	go tellMachines(ctx, known, client.NewClient(secrets.NodeToken, layout.ServerListens()...), log)
	g.Run(ctx, l)
	return nil
}
