package up

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/greenlang/fournines/internal/assign"
	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/driver/netns"
	"github.com/greenlang/fournines/internal/driver/process"
	"github.com/greenlang/fournines/internal/host"
	"github.com/greenlang/fournines/internal/journal/query/worker"
	"github.com/greenlang/fournines/internal/node"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/spec"
)

// UpOptions say what to bring up on this machine.
type UpOptions struct {
	Root      string
	Platform  string // file; empty: the built-in platform
	Regions   []string
	Listen    string
	DNS       string   // address of the shared name server
	Servers   int      // of the control plane; 0: as before, or what fits the regions
	Elsewhere []string // servers that run on other machines; nil: as before
	Gate      string   // where these join; empty: as before
	NetNS     bool
	Lean      bool // one zone in each region but the first pair
	Log       *slog.Logger
}

// Up is an installation that runs.
type Up struct {
	place.Installation
	Layout  place.Layout
	Secrets place.Secrets
	host    host.Host
	lock    *os.File
}

// RunningError means that another `up` has the installation.
type RunningError struct {
	PID    int
	Listen string
}

func (e *RunningError) Error() string {
	return fmt.Sprintf("the platform is up already (pid %d), its console is at http://%s; stop it with `fournines down`", e.PID, e.Listen)
}

// least is the free space below which nothing is started: engines do not survive a full disk well.
const least = 2 << 30 // bytes

// PrepareUp checks the machine and lays the installation down, and refuses clearly
// what cannot work: another `up`, a newer data directory, a missing or too old
// engine, a full disk, an address in use.
func PrepareUp(ctx context.Context, o UpOptions) (*Up, error) {
	if err := os.MkdirAll(o.Root, 0o755); err != nil { //nolint:gosec // the engines' user must pass
		return nil, fmt.Errorf("make data directory: %w", err)
	}
	lock, err := lockUp(o.Root)
	if err != nil {
		return nil, err
	}
	u := &Up{lock: lock}
	if err := u.prepare(ctx, o); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return u, nil
}

const upFile = "up.json"

// LaidDown tells whether the `up` of that process has laid the installation in root down.
func LaidDown(root string, pid int) bool {
	var r RunningError
	b, err := os.ReadFile(filepath.Join(root, upFile))
	return err == nil && json.Unmarshal(b, &r) == nil && r.PID == pid
}

func lockUp(root string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(root, "up.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock data directory: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		running := &RunningError{}
		if b, rerr := os.ReadFile(filepath.Join(root, upFile)); rerr == nil {
			_ = json.Unmarshal(b, running) // what cannot be read is left out of the message
		}
		return nil, running
	}
	return f, nil
}

func (u *Up) prepare(ctx context.Context, o UpOptions) error {
	if err := place.CheckFormat(o.Root); err != nil {
		return err
	}
	if err := CheckSpace(o.Root); err != nil {
		return err
	}
	if as, err := loadJoined(o.Root); err == nil {
		return fmt.Errorf("%s belongs to the server %s of a platform on another machine; bring a platform up in another directory with --data", o.Root, as.Machine)
	}
	if err := process.Own(o.Root); err != nil {
		return err
	}
	text := spec.BuiltInYAML()
	if o.Platform != "" {
		var err error
		if text, err = os.ReadFile(o.Platform); err != nil {
			return fmt.Errorf("read platform file: %w", err)
		}
	}
	p, err := spec.Parse(nameOf(o.Platform), text)
	if err != nil {
		return err
	}
	if slices.Equal(o.Regions, []string{"all"}) {
		o.Regions = place.RegionNames(p)
	}
	if len(o.Regions) == 0 {
		return errors.New("--regions names no region: leave it out for the first region and its partner")
	}
	for _, name := range o.Regions {
		if _, ok := p.Region(name); !ok {
			return fmt.Errorf("the platform has no region %q; it has %s", name, strings.Join(place.RegionNames(p), ", "))
		}
	}
	programs, err := assign.FindPrograms(ctx, place.EnginesRoot())
	if err != nil {
		return err
	}
	if err := assign.Suffice(programs, p.Spec.Engines); err != nil {
		return err
	}
	if _, err := node.ThisHost(); err != nil {
		return err
	}
	if o.Servers == 0 {
		o.Servers = usualServers(o.Root, p, o.Regions)
	}
	if before, _, err := place.LoadInstallation(o.Root); err == nil {
		if o.Elsewhere == nil {
			o.Elsewhere = before.Elsewhere
		}
		if o.Gate == "" {
			o.Gate = before.Gate
		}
	}
	u.Installation = place.Installation{Regions: o.Regions, Servers: o.Servers, Elsewhere: o.Elsewhere, Gate: o.Gate, NetNS: o.NetNS, ByRoot: os.Geteuid() == 0, Begun: time.Now(), Lean: o.Lean, Listen: o.Listen, DNS: o.DNS, Programs: programs}
	u.Layout = place.Layout{Platform: p, Regions: o.Regions, Root: o.Root, Servers: o.Servers, Elsewhere: o.Elsewhere, NetNS: o.NetNS, ByRoot: os.Geteuid() == 0, Listen: o.Listen, DNS: o.DNS}
	if err := checkElsewhere(u.Layout, o.Gate); err != nil {
		return err
	}
	if o.Lean {
		place.Lean(p, o.Regions)
	}
	if err := assign.CheckSockets(u.Layout); err != nil {
		return err
	}
	if err := checkShape(o.Root, u.Layout); err != nil {
		return err
	}
	if err := u.setupNetwork(ctx); err != nil {
		return err
	}
	if err := u.checkPorts(); err != nil {
		return err
	}
	if u.Secrets, err = place.EnsureSecrets(o.Root); err != nil {
		return err
	}
	if err := u.ShareKeys(); err != nil {
		return err
	}
	if err := u.layPrograms(); err != nil {
		return err
	}
	if err := EnsureCertificates(u.Layout, time.Now()); err != nil {
		return err
	}
	if err := place.SaveInstallation(o.Root, u.Installation, text); err != nil {
		return err
	}
	u.host = host.Host{Root: o.Root, Units: u.units(), Log: o.Log}
	b, err := json.Marshal(RunningError{os.Getpid(), o.Listen})
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(o.Root, upFile), b, 0o600)
}

// setupNetwork makes the zones' network namespaces, where they are asked for.
func (u *Up) setupNetwork(ctx context.Context) error {
	if !u.NetNS {
		return nil
	}
	if err := netns.Check(); err != nil {
		return err
	}
	for _, region := range u.Regions {
		plan, err := assign.Namespaces(u.Layout, region)
		if err != nil {
			return err
		}
		if err := netns.Setup(ctx, plan); err != nil {
			return err
		}
	}
	return nil
}

// teardownNetwork takes the namespaces of an installation away again.
func teardownNetwork(ctx context.Context, l place.Layout) error {
	if !l.NetNS {
		return nil
	}
	var errs []error
	for _, region := range l.Regions {
		plan, err := assign.Namespaces(l, region)
		if err == nil {
			err = netns.Teardown(ctx, plan)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func nameOf(path string) string {
	if path == "" {
		return "built-in"
	}
	return path
}

// CheckSpace refuses a disk that is too full to begin on.
func CheckSpace(root string) error {
	var s syscall.Statfs_t
	if err := syscall.Statfs(root, &s); err != nil {
		return fmt.Errorf("look at the disk of %s: %w", root, err)
	}
	if free := s.Bavail * uint64(s.Bsize); free < least { //nolint:gosec // a block size is positive
		return fmt.Errorf("the disk of %s has %d MiB free, %d MiB are needed: make room, or choose another place with --data", root, free>>20, least>>20)
	}
	return nil
}

// checkPorts refuses addresses that somebody else has. Processes that an earlier `up` of
// this installation left running are adopted.
func (u *Up) checkPorts() error {
	ports := map[string]string{}
	if !u.NetNS { // a namespace is ours alone
		ports = assign.Ports(u.Layout)
	}
	for _, s := range u.Layout.Seats() {
		ports[u.Layout.SeatListen(s)] = u.Layout.SeatUnit(s)
	}
	if u.DNS != "" {
		ports[u.DNS] = place.Cluster(u.Regions[0], place.Edge)
	}
	var taken []string
	for _, address := range slices.Sorted(maps.Keys(ports)) {
		if _, ours := process.Adopt(filepath.Join(u.Layout.Root, ports[address]) + ".pid"); ours {
			continue
		}
		l, err := net.Listen("tcp", address)
		if err != nil {
			taken = append(taken, fmt.Sprintf("%s (for %s): %v", address, ports[address], err))
			continue
		}
		_ = l.Close()
	}
	if len(taken) > 0 {
		return fmt.Errorf("addresses are in use by another program; end it, or see who has them with `ss -ltnp`:\n  %s", strings.Join(taken, "\n  "))
	}
	return nil
}

// layPrograms copies our programs to where the engines' user can run them.
func (u *Up) layPrograms() error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find our own program: %w", err)
	}
	programs := map[string]string{"fournines": self, place.GreenLang: filepath.Join(filepath.Dir(self), place.GreenLang), worker.Program: filepath.Join(filepath.Dir(self), worker.Program)}
	if u.Layout.EmbedsObjects() || len(u.Layout.ObjectRegions()) > 0 {
		programs[place.ObjectsProgram] = filepath.Join(filepath.Dir(self), place.ObjectsProgram)
	}
	if err := copyPrograms(u.Layout, programs); err != nil {
		return err
	}
	return u.layDirectories()
}

// copyPrograms copies programs to where processes of ours look for them.
func copyPrograms(l place.Layout, programs map[string]string) error {
	if err := os.MkdirAll(l.Bin(""), 0o755); err != nil { //nolint:gosec // the engines' user must pass
		return err
	}
	for name, from := range programs {
		if err := copyProgram(from, l.Bin(name)); err != nil {
			return fmt.Errorf("copy program %s: %w; `make build` builds all of them", name, err)
		}
	}
	return nil
}

// layDirectories makes the directories of zones and edges. The zones' come first: their
// engines run as another user, who must pass the region's own directory.
func (u *Up) layDirectories() error {
	for _, region := range u.Regions {
		r, _ := u.Layout.Platform.Region(region)
		for _, z := range r.Zones {
			if err := os.MkdirAll(u.Layout.Dir(region, z), 0o755); err != nil { //nolint:gosec // the engines' user must pass
				return err
			}
		}
		if err := os.MkdirAll(u.Layout.EdgeDir(region), 0o700); err != nil {
			return err
		}
	}
	return os.MkdirAll(assign.FaultsDir(u.Layout.Root), 0o755) //nolint:gosec // no secret
}

func copyProgram(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close() //nolint:errcheck // only read
	tmp := to + ".new"
	out, err := os.OpenFile(tmp, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o755) //nolint:gosec // a program
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if err = errors.Join(err, out.Close()); err != nil {
		return err
	}
	return os.Rename(tmp, to) // running processes keep the old file
}

// units are our own processes, in the order in which they are shown.
func (u *Up) units() []node.Unit {
	bin, env := u.Layout.Bin("fournines"), []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", control.CrashDir + "=" + os.Getenv(control.CrashDir)}
	var out []node.Unit
	if u.Layout.EmbedsObjects() {
		out = append(out, assign.ObjectsUnit(u.Layout, u.Secrets, env[:1]))
	}
	if len(u.Layout.Elsewhere) > 0 {
		out = append(out, assign.GateUnit(u.Layout, env[:1]))
	}
	for _, s := range u.Layout.Seats() {
		if u.Layout.IsElsewhere(s) {
			continue
		}
		out = append(out, node.Unit{
			Name: s.Name, Argv: []string{bin, "server", s.Name, "--data", u.Layout.Root}, Env: env, Stop: "TERM", Grace: 10,
			Ready: node.Ready{HTTP: "http://" + u.Layout.SeatListen(s) + "/readyz"},
		})
	}
	if len(assign.Points(u.Layout, "")) > 0 {
		out = append(out, assign.ProberUnit(u.Layout, env[:1]))
	}
	if len(u.Regions) > 1 {
		out = append(out, node.Unit{Name: place.Wan, Argv: []string{bin, "wan", "--data", u.Layout.Root}, Env: env, Stop: "TERM", Grace: 5})
	}
	for _, region := range u.Layout.ObjectRegions() {
		out = append(out, assign.BucketUnit(u.Layout, u.Secrets, region, env[:1]))
	}
	for _, region := range u.Regions {
		out = append(out, node.Unit{
			Name: place.Cluster(region, place.Edge), Argv: []string{bin, "edge", region, "--data", u.Layout.Root}, Env: env, Stop: "TERM", Grace: 10,
		})
		r, _ := u.Layout.Platform.Region(region)
		for _, z := range r.Zones {
			ns := ""
			if plan, err := assign.Namespaces(u.Layout, region); err == nil && u.NetNS {
				ns = plan.Path(z)
			}
			out = append(out, node.Unit{
				Name: region + "/" + z, Argv: []string{bin, "node", region + "/" + z, "--data", u.Layout.Root}, Env: env,
				Stop: "INT", Grace: 40, Keeps: true, NetNS: ns,
			})
		}
	}
	return out
}

// Run keeps everything running until ctx ends, and then stops it all.
func (u *Up) Run(ctx context.Context) error {
	go u.renew(ctx, func(err error) { u.host.Log.Error("certificates cannot be renewed", "err", err) })
	err := u.host.Run(ctx, assign.FaultKeeper(u.Layout.Root))
	return errors.Join(err, u.Stop())
}

// Stop stops everything that the installation started, and releases it.
func (u *Up) Stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	err := StopAll(ctx, u.Layout.Root, u.host)
	return errors.Join(err, os.Remove(filepath.Join(u.Layout.Root, upFile)), u.lock.Close())
}

// StopAll ends the faults and the units of an installation.
func StopAll(ctx context.Context, root string, h host.Host) error {
	keeper := assign.FaultKeeper(root)
	leases, err := keeper.Active()
	for _, l := range leases {
		_, eerr := keeper.Ensure(l, true)
		err = errors.Join(err, eerr)
	}
	err = errors.Join(err, h.Stop(ctx))
	_, layout, lerr := place.LoadInstallation(root)
	if lerr != nil {
		return errors.Join(err, lerr)
	}
	return errors.Join(err, teardownNetwork(ctx, layout))
}

// Down ends the installation in root: it asks the `up` that has it, or, where that
// was killed, stops what it left.
func Down(ctx context.Context, root string) error {
	lock, err := lockUp(root)
	if running, ok := errors.AsType[*RunningError](err); ok {
		p, err := process.Find(running.PID)
		if err != nil {
			return fmt.Errorf("the platform is locked, but its process %d is gone; try again", running.PID)
		}
		if err := p.Signal(syscall.SIGTERM); err != nil {
			return err
		}
		return p.Wait(ctx)
	}
	if err != nil {
		return err
	}
	defer lock.Close() //nolint:errcheck // it ends with us
	return StopAll(ctx, root, host.Host{Root: root, Log: slog.New(slog.DiscardHandler)})
}
