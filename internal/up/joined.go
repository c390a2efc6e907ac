package up

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"time"

	"github.com/greenlang/fournines/internal/assign"
	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/driver/tunnel"
	"github.com/greenlang/fournines/internal/journal/durable"
	"github.com/greenlang/fournines/internal/journal/query/worker"
	"github.com/greenlang/fournines/internal/machines"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/wait"
)

// Joined is a machine that runs one server of a platform that is on another machine.
type Joined struct {
	Root   string
	Stderr io.Writer // of the server
	Log    *slog.Logger

	machine tunnel.Machine
	changed chan struct{} // the platform's files are others than before
	crash   func(point string)
}

const (
	joinedFile = "joined.json" // the invitation without its secret, once this machine has joined
	JoinedKey  = "joined.key"
	takingFile = "joined.taking" // is there while the platform's files are exchanged: they may be of two kinds
)

// The pauses between two attempts to connect, between two starts of the server, and between
// two looks at the platform's files.
const (
	connectAgain = time.Second
	startAgain   = 500 * time.Millisecond
	lookEvery    = 10 * time.Second
)

// Run joins, if this machine has not yet, and then runs the server and keeps it connected
// with the platform's machine until ctx ends. Once it has joined, the invitation is not
// looked at again.
func (j *Joined) Run(ctx context.Context, invitation string) error {
	j.changed = make(chan struct{}, 1)
	if j.crash = control.CrashIn(os.Getenv(control.CrashDir)); j.crash == nil {
		j.crash = func(string) {}
	}
	as, err := loadJoined(j.Root)
	first := errors.Is(err, fs.ErrNotExist)
	if first {
		as, err = machines.ParseInvitation(invitation)
	}
	if err != nil {
		return err
	}
	if first && place.Exists(filepath.Join(j.Root, place.InstallationFile)) && !place.Exists(filepath.Join(j.Root, JoinedKey)) {
		return fmt.Errorf("%s is the data directory of a platform on this machine; take another one with --data, at the path that the platform has on its own machine", j.Root)
	}
	if err := os.MkdirAll(j.Root, 0o700); err != nil {
		return fmt.Errorf("make data directory: %w", err)
	}
	lock, err := lockUp(j.Root)
	if running := (*RunningError)(nil); errors.As(err, &running) {
		return fmt.Errorf("%s is in use already: the server of this machine runs", j.Root)
	} else if err != nil {
		return err
	}
	defer lock.Close() //nolint:errcheck // it ends with us
	key, err := machines.Signer(filepath.Join(j.Root, JoinedKey))
	if err != nil {
		return err
	}
	j.machine = tunnel.Machine{Name: as.Machine, Gate: as.Gate, GateKey: as.GateKey, Key: key, Log: j.Log}
	if first {
		if err := j.join(ctx, as); err != nil {
			return err
		}
	}
	if err := j.layPrograms(); err != nil {
		return err
	}
	j.keep(ctx)
	return nil
}

// join has this machine's key accepted, and keeps where it belongs.
func (j *Joined) join(ctx context.Context, i machines.Invitation) error {
	j.crash("join:key")
	// The key may have been accepted before a crash: then the invitation stands no more.
	s, err := j.machine.Connect(ctx)
	if errors.Is(err, tunnel.ErrUnknown) {
		if err = j.machine.Introduce(ctx, i.Secret); err == nil {
			j.crash("join:accepted")
			s, err = j.machine.Connect(ctx)
		}
	}
	if err != nil {
		return err
	}
	defer s.Close() //nolint:errcheck // it was only tried
	if _, err := j.take(ctx, s); err != nil {
		return err
	}
	b, err := json.MarshalIndent(i, "", " ")
	if err != nil {
		return err
	}
	err = durable.Replace(durable.OS{}, filepath.Join(j.Root, joinedFile), b)
	j.crash("join:kept")
	return err
}

// loadJoined reads as what the machine with that data directory has joined.
func loadJoined(root string) (machines.Invitation, error) {
	var as machines.Invitation
	path := filepath.Join(root, joinedFile)
	b, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(b, &as)
	}
	if err != nil {
		return as, fmt.Errorf("read %s: %w", path, err)
	}
	return as, nil
}

// take keeps the platform's files, and tells whether they are others than before.
func (j *Joined) take(ctx context.Context, s *tunnel.Session) (changed bool, err error) {
	var b bundle
	if err := s.Files(ctx, &b); err != nil {
		return false, err
	}
	if b.Root != j.Root {
		return false, fmt.Errorf("the platform's data directory is %s, and all servers tell its nodes the same paths: join with --data %s", b.Root, b.Root)
	}
	for _, name := range SharedFiles {
		if len(b.Files[name]) == 0 {
			return false, fmt.Errorf("the platform sends no %s", name)
		}
	}
	var another []string
	for _, name := range slices.Sorted(maps.Keys(b.Files)) {
		if !filepath.IsLocal(name) {
			return false, fmt.Errorf("the platform sends %q, which is not a file of a data directory", name)
		}
		if before, err := os.ReadFile(filepath.Join(j.Root, name)); err != nil || !bytes.Equal(before, b.Files[name]) {
			another = append(another, name)
		}
	}
	taking := filepath.Join(j.Root, takingFile)
	if len(another) == 0 && !place.Exists(taking) {
		return false, nil
	}
	if err := durable.Replace(durable.OS{}, taking, nil); err != nil {
		return false, err
	}
	for _, name := range another {
		j.crash("join:" + filepath.Base(name))
		if err := os.MkdirAll(filepath.Dir(filepath.Join(j.Root, name)), 0o700); err != nil {
			return false, err
		}
		if err := durable.Replace(durable.OS{}, filepath.Join(j.Root, name), b.Files[name]); err != nil {
			return false, err
		}
	}
	j.crash("join:taken")
	return true, os.Remove(taking)
}

// layPrograms copies what the server starts to where it looks for it.
func (j *Joined) layPrograms() error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find our own program: %w", err)
	}
	l, programs := place.Layout{Root: j.Root}, map[string]string{"fournines": self}
	if from, err := worker.Beside(); err == nil { // without it this server says so when it is asked in SQL
		programs[worker.Program] = from
	}
	for _, dir := range []string{assign.FaultsDir(j.Root), filepath.Join(j.Root, filepath.FromSlash(j.machine.Name))} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	return copyPrograms(l, programs)
}

// keep keeps the server running and connected until ctx ends.
func (j *Joined) keep(ctx context.Context) {
	linked, unlink := context.WithCancel(context.WithoutCancel(ctx)) // for longer than the server, which resigns through it
	connected := make(chan struct{})
	go func() {
		defer close(connected)
		j.connect(linked)
	}()
	for ctx.Err() == nil {
		if err := j.serve(ctx); err != nil && ctx.Err() == nil {
			j.Log.Warn("the server has ended, and is started again", "err", err)
		}
		wait.Sleep(ctx, startAgain)
	}
	unlink()
	<-connected
}

// connect connects with the gate for as long as ctx lasts.
func (j *Joined) connect(ctx context.Context) {
	said := ""
	for ctx.Err() == nil {
		err := j.visit(ctx)
		if err != nil && ctx.Err() == nil && err.Error() != said {
			said = err.Error()
			j.Log.Warn("not connected with the platform; it is tried again", "gate", j.machine.Gate, "err", err)
		}
		wait.Sleep(ctx, connectAgain)
	}
}

// visit carries until the connection is lost, or the platform has changed.
func (j *Joined) visit(ctx context.Context) error {
	s, err := j.machine.Connect(ctx)
	if err != nil {
		return err
	}
	defer s.Close() //nolint:errcheck // it is over then
	if _, err := j.look(ctx, s); err != nil {
		return err
	}
	_, layout, err := place.LoadInstallation(j.Root)
	if err != nil {
		return err
	}
	seat, err := layout.Seat(j.machine.Name)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	go func() {
		for wait.Sleep(ctx, lookEvery); ctx.Err() == nil; wait.Sleep(ctx, lookEvery) {
			changed, err := j.look(ctx, s)
			if err != nil && ctx.Err() == nil {
				j.Log.Warn("whether the platform has changed is not known", "err", err)
			}
			if changed {
				stop(errors.New("the platform has changed"))
			}
		}
	}()
	return s.Run(ctx, tunnel.Ends{Listen: reachable(layout, seat), Dial: dialler("", layout.SeatAddresses(seat))}, func() {
		j.Log.Info("connected with the platform", "gate", j.machine.Gate, "server", j.machine.Name)
	})
}

// look keeps the platform's files as they are there; the server begins anew with others.
func (j *Joined) look(ctx context.Context, s *tunnel.Session) (changed bool, err error) {
	changed, err = j.take(ctx, s)
	if changed {
		wait.Poke(j.changed)
	}
	return changed, err
}

// serve runs the server until it ends, or must begin anew because the platform is another.
func (j *Joined) serve(ctx context.Context) error {
	if place.Exists(filepath.Join(j.Root, takingFile)) {
		return errors.New("the platform's files are not whole; the rest comes with the next connection")
	}
	select {
	case <-j.changed: // before it starts
	default:
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd := exec.CommandContext(ctx, place.Layout{Root: j.Root}.Bin("fournines"), place.Server, j.machine.Name, "--data", j.Root) //nolint:gosec // our own program
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}
	cmd.Stderr = j.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 15 * time.Second
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL} // without us it would be alone with its addresses
	runtime.LockOSThread()                                                            // Pdeathsig is that of the thread
	defer runtime.UnlockOSThread()
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start the server: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err := <-ended:
		return err
	case <-j.changed:
		cancel()
		return errors.Join(errors.New("the platform has changed"), <-ended)
	}
}
