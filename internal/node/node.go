package node

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/greenlang/fournines/internal/descriptor"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/probe"
)

// Server is the control plane as a node needs it.
type Server interface {
	// Assignment waits until the assignment's version differs from seen, and
	// returns it; or an error when the server is away.
	Assignment(ctx context.Context, seen string) (Assignment, error)
	// Post tells what the node saw.
	Post(ctx context.Context, f fact.Node) error
}

// Injector makes a fault lease come true on this host, and ends it early when it
// is marked ended. It is called again and again with the same lease.
type Injector interface {
	Ensure(ctx context.Context, l Lease) (active bool, err error)
}

// Config is what a node is made of.
type Config struct {
	Dir    string // the zone's directory
	Host   Host
	Server Server
	Prober probe.Prober
	Faults Injector
	Runner []string // command line that runs a job, whose directory is added to it
	Fresh  bool     // the server is at hand: do not begin from the last assignment on disk
	Log    *slog.Logger
}

// Node runs one zone.
type Node struct {
	Config
	boot    string
	changed chan struct{} // holds a token when there is news to post

	descriptors descriptor.Gauge

	mu       sync.Mutex // guards what follows
	current  Assignment
	units    map[string]*supervisor
	stopping bool
	probe    fact.Probe
	watched  probeKey
	unwatch  context.CancelFunc
	faults   []string
	jobs     []fact.Job
	wg       sync.WaitGroup
}

type probeKey struct{ id, address string }

// New returns a node; Run makes it work.
func New(c Config) *Node {
	b := make([]byte, 4)
	_, _ = rand.Read(b) // never fails, see crypto/rand
	return &Node{Config: c, boot: hex.EncodeToString(b), changed: make(chan struct{}, 1), units: map[string]*supervisor{}}
}

// Run works until ctx ends; the zone's units live on, see [Node.StopUnits].
func (n *Node) Run(ctx context.Context) error {
	if err := os.MkdirAll(n.Dir, 0o755); err != nil {
		return fmt.Errorf("run node: %w", err)
	}
	last, ok, err := loadAssignment(n.Dir)
	if err != nil {
		n.Log.Error("last assignment is unreadable; waiting for the server", "err", err)
	} else if ok && !n.Fresh {
		if err := n.apply(ctx, last, false); err != nil {
			n.Log.Error("cannot apply the last assignment", "err", err)
		}
	}
	n.wg.Go(func() { n.receive(ctx) })
	n.wg.Go(func() { n.post(ctx) })
	n.wg.Go(func() { n.work(ctx) })
	<-ctx.Done()
	n.wg.Wait()
	return nil
}

// receive follows the assignment.
func (n *Node) receive(ctx context.Context) {
	seen := ""
	for ctx.Err() == nil {
		a, err := n.Server.Assignment(ctx, seen)
		if err != nil {
			if ctx.Err() == nil {
				n.Log.Debug("server is away", "err", err)
			}
			pause(ctx, 500*time.Millisecond)
			continue
		}
		if a.Version == seen {
			continue
		}
		if err := saveAssignment(n.Dir, a); err != nil {
			n.Log.Error("cannot keep the assignment on disk", "err", err)
		}
		if err := n.apply(ctx, a, true); err != nil { // a fence may not be laid: it is tried again
			n.Log.Error("cannot apply assignment", "err", err)
			pause(ctx, 500*time.Millisecond)
			continue
		}
		seen = a.Version
	}
}

func (n *Node) apply(ctx context.Context, a Assignment, live bool) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.stopping {
		return nil
	}
	var errs []error
	n.current = a
	for _, u := range a.Units {
		s, known := n.units[u.Name]
		if !known {
			s = newSupervisor(n.Dir, u, n.Host, n.Log, n.news)
			s.descriptors = &n.descriptors
		}
		var want *Fence
		if f, ok := a.Fenced[u.Name]; ok {
			want = &f
		}
		if err := s.set(u, want, live); err != nil {
			errs = append(errs, fmt.Errorf("unit %s: %w", u.Name, err))
		}
		if !known {
			n.units[u.Name] = s
			n.wg.Go(func() { s.run(ctx) })
			go s.lookAtDisk(ctx) // nobody waits for it: a disk may hang
		}
	}
	n.watch(ctx, a.Watch)
	for _, l := range a.Faults {
		n.wg.Go(func() { n.inject(ctx, l) })
	}
	return errors.Join(errs...)
}

func (n *Node) watch(ctx context.Context, w Watch) {
	key := probeKey{w.Primary.ID, w.Primary.Address}
	if key == n.watched || n.Prober == nil {
		return
	}
	if n.unwatch != nil {
		n.unwatch()
	}
	n.watched, n.probe = key, fact.Probe{}
	if w.Primary.Address == "" {
		return
	}
	ctx, n.unwatch = context.WithCancel(ctx)
	watcher := probe.Watcher{
		Observer: n.current.Region + "/" + n.current.Zone,
		Primary:  probe.Target(w.Primary), Interval: w.Interval.D(), Timeout: w.Timeout.D(), Prober: n.Prober,
		Report: func(f fact.Probe) { n.observe(key, f) },
	}
	for _, c := range w.Control {
		watcher.Control = append(watcher.Control, probe.Target(c))
	}
	n.wg.Go(func() { watcher.Run(ctx) })
}

func (n *Node) observe(key probeKey, f fact.Probe) {
	n.mu.Lock()
	news := f.Misses != n.probe.Misses || f.Outcome != n.probe.Outcome
	if key == n.watched {
		n.probe = f
	}
	n.mu.Unlock()
	if news {
		n.news()
	}
}

// inject makes one lease come true and follows it to its end, so that what the node
// reports as active is.
func (n *Node) inject(ctx context.Context, l Lease) {
	if n.Faults == nil {
		return
	}
	for {
		active, err := n.Faults.Ensure(ctx, l)
		if err != nil {
			n.Log.Error("inject fault", "lease", l.ID, "kind", l.Kind, "err", err)
		}
		n.noteFault(l.ID, active)
		if !active || ctx.Err() != nil {
			return
		}
		pause(ctx, max(time.Until(l.Until), 250*time.Millisecond))
	}
}

func (n *Node) noteFault(id string, active bool) {
	n.mu.Lock()
	n.faults = slices.DeleteFunc(n.faults, func(known string) bool { return known == id })
	if active {
		n.faults = append(n.faults, id)
	}
	n.mu.Unlock()
	n.news()
}

// news makes the next post happen now.
func (n *Node) news() {
	select {
	case n.changed <- struct{}{}:
	default:
	}
}

// post tells the server at every change and at least once a second.
func (n *Node) post(ctx context.Context) {
	for ctx.Err() == nil {
		short, cancel := context.WithTimeout(ctx, 2*time.Second)
		if err := n.Server.Post(short, n.Facts(time.Now())); err != nil && ctx.Err() == nil {
			n.Log.Debug("server is away", "err", err)
		}
		cancel()
		select {
		case <-ctx.Done():
		case <-n.changed:
		case <-time.After(time.Second):
		}
	}
}

// Facts returns what the node sees now.
func (n *Node) Facts(now time.Time) fact.Node {
	n.mu.Lock()
	defer n.mu.Unlock()
	f := fact.Node{Region: n.current.Region, Zone: n.current.Zone, At: now, Boot: n.boot, Faults: append([]string{}, n.faults...), Jobs: slices.Clone(n.jobs)}
	for _, u := range n.current.Units {
		if s, ok := n.units[u.Name]; ok {
			f.Units = append(f.Units, s.report())
		}
	}
	f.Descriptors = fact.Descriptors(n.descriptors.State())
	if n.probe.Target != "" {
		f.Probes = []fact.Probe{n.probe}
	}
	return f
}

// StopUnits ends every unit of the zone, the last started first. Call it after Run.
func (n *Node) StopUnits(ctx context.Context) error {
	n.mu.Lock()
	n.stopping = true
	if len(n.current.Units) == 0 { // this node never ran: the last one's assignment is on disk
		last, _, err := loadAssignment(n.Dir)
		if err != nil {
			n.mu.Unlock()
			return err
		}
		n.current = last
	}
	units := n.current.Units
	n.mu.Unlock()
	var wg sync.WaitGroup
	errs := make([]error, len(units))
	for i, u := range units {
		s, ok := n.units[u.Name]
		if !ok {
			s = newSupervisor(n.Dir, u, n.Host, n.Log, func() {})
		}
		wg.Go(func() { errs[i] = s.stop(ctx) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// Home returns the directory of a unit, which is also its identity to driver/process.
func Home(dir, unit string) string { return filepath.Join(dir, unit) }

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
