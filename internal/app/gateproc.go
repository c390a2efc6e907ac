package app

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

	"github.com/greenlang/fournines/internal/driver/tunnel"
	"github.com/greenlang/fournines/internal/node"
)

// gateUnit is the gate of the platform's machine.
func gateUnit(l Layout, env []string) node.Unit {
	return node.Unit{Name: Gate, Argv: []string{l.Bin("fournines"), Gate, "--data", l.Root}, Env: env, Stop: "TERM", Grace: 5}
}

// bundle is what a machine must know to run a server: the files of the installation, by name.
type bundle struct {
	Root  string            `json:"root"`
	Files map[string][]byte `json:"files"`
}

// sharedFiles are those that every server needs.
var sharedFiles = []string{installationFile, platformFile, secretsFile, TokenFile, personsMaster}

// bundled are the files that servers share, by their path in the data directory: also the
// authorities by which object stores are known. Paths and keys in them are the same on each
// machine, because all servers tell nodes the same.
func (l Layout) bundled() []string {
	var dirs []string
	if l.EmbedsObjects() {
		dirs = append(dirs, Objects)
	}
	for _, region := range l.ObjectRegions() {
		dirs = append(dirs, Cluster(region, Objects))
	}
	out := slices.Clone(sharedFiles)
	for _, dir := range dirs {
		out = append(out, filepath.Join(filepath.FromSlash(dir), objectsCA))
	}
	return out
}

// bundle reads what is told to a machine.
func (l Layout) bundle() (bundle, error) {
	b := bundle{Root: l.Root, Files: map[string][]byte{}}
	for _, name := range l.bundled() {
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

// RunGate lets machines that were invited join, and carries what is between them and this
// one, until ctx ends.
func RunGate(ctx context.Context, root string, log *slog.Logger) error {
	inst, layout, err := LoadInstallation(root)
	if err != nil {
		return err
	}
	secrets, err := LoadSecrets(root)
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
			if err != nil || !layout.elsewhere(s) {
				return tunnel.Ends{}, false
			}
			return tunnel.Ends{Listen: layout.seatAddresses(s), Dial: dialler(layout.SeatIP(s), layout.reachable(s))}, true
		},
		Files: func() ([]byte, error) {
			b, err := layout.bundle()
			if err != nil {
				return nil, err
			}
			return json.Marshal(b)
		},
	}
	go tellMachines(ctx, known, NewClient(secrets.NodeToken, layout.ServerListens()...), log)
	return g.Run(ctx, l)
}
