package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/greenlang/fournines/internal/descriptor"
	"github.com/greenlang/fournines/internal/driver/disk"
	"github.com/greenlang/fournines/internal/driver/process"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/probe/outcome"
	"github.com/greenlang/fournines/internal/whole"
)

const (
	firstPause = 200 * time.Millisecond // before a unit that ended is started again; doubles
	lastPause  = 5 * time.Second
	steady     = 10 * time.Second // a unit that ran this long starts again at firstPause
	readyEvery = 250 * time.Millisecond
	readyCheck = 5 * time.Second // between two checks of a unit that is ready
)

// supervisor keeps one unit as its assignment wants it.
type supervisor struct {
	home    string // <zone dir>/<unit name>
	host    Host
	log     *slog.Logger
	changed func() // called after each change of fact

	descriptors *descriptor.Gauge // nil: nobody is told that one lacked

	mu   sync.Mutex // guards what follows
	unit Unit
	want *Fence // demanded by the newest assignment
	fact fact.Unit
	// ready is when the unit became ready, down since when it has not been steadily so.
	ready, down time.Time
	disk        fact.Disk
	kick        chan struct{} // closed and replaced when unit or want changed
}

func newSupervisor(dir string, u Unit, host Host, log *slog.Logger, changed func()) *supervisor {
	return &supervisor{
		home: filepath.Join(dir, u.Name), host: host, log: log.With("unit", u.Name), changed: changed,
		unit: u, down: time.Now(), fact: fact.Unit{Name: u.Name, State: fact.UnitStarting, Since: time.Now()}, kick: make(chan struct{}),
	}
}

// set gives the supervisor what it shall do from now on. lift says that the
// demand comes from a live server, which alone may lift a fence.
func (s *supervisor) set(u Unit, want *Fence, lift bool) error {
	if want != nil {
		if err := s.mark(*want); err != nil {
			return err
		}
	} else if lift {
		if err := os.Remove(s.marker()); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("lift fence of %s: %w", u.Name, err)
		}
	}
	s.mu.Lock()
	s.unit, s.want = u, want
	close(s.kick)
	s.kick = make(chan struct{})
	s.mu.Unlock()
	return nil
}

func (s *supervisor) marker() string { return s.home + ".fenced" }

func (s *supervisor) mark(f Fence) error {
	if old, ok, err := readFence(s.marker()); err == nil && ok && old == f {
		return nil
	}
	return WriteFence(filepath.Dir(s.home), filepath.Base(s.home), f)
}

// WriteFence lays the marker that keeps a unit of the zone in dir dead from now on.
// A host uses it too, before it kills a unit whose node does not answer.
func WriteFence(dir, unit string, f Fence) error {
	b, err := json.Marshal(f)
	if err != nil {
		return err
	}
	return whole.Write(filepath.Join(dir, unit)+".fenced", b, 0o600)
}

// errUnseen says that nobody can tell whether the unit runs.
var errUnseen = errors.New("whether it runs is not known")

// readFence returns the fence that stands. After an error nobody knows: what is dead stays
// dead, and what runs goes on.
func readFence(path string) (f Fence, fenced bool, err error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Fence{}, false, nil
	} else if err != nil {
		return Fence{}, false, fmt.Errorf("read fence: %w", err)
	}
	if err := json.Unmarshal(b, &f); err != nil {
		return Fence{Epoch: "unreadable", Reason: err.Error()}, true, nil //nolint:nilerr // when in doubt it stays dead
	}
	return f, true, nil
}

func (s *supervisor) current() (Unit, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.unit, s.kick
}

func (s *supervisor) report() fact.Unit {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.fact
	f.Down, f.Disk = s.down, s.disk
	if !s.down.IsZero() && f.Ready && time.Since(s.ready) >= steady {
		f.Down = time.Time{}
	}
	return f
}

func (s *supervisor) note(change func(*fact.Unit)) {
	s.mu.Lock()
	old := s.fact
	change(&s.fact)
	now := time.Now()
	if s.fact.State != old.State {
		s.fact.Since = now
	}
	switch {
	case s.fact.Ready && !old.Ready:
		s.ready = now
	case !s.fact.Ready && old.Ready && now.Sub(s.ready) >= steady:
		s.down = now // it was well until now; what was down before is over
	}
	changed := s.fact != old
	s.mu.Unlock()
	if changed {
		s.changed()
	}
}

// run supervises until ctx ends; the unit's processes live on.
func (s *supervisor) run(ctx context.Context) {
	pause := firstPause
	for ctx.Err() == nil {
		u, kick := s.current()
		switch f, fenced, err := readFence(s.marker()); {
		case err != nil:
			s.blind(err)
			wait(ctx, kick, lastPause)
			continue
		case fenced:
			s.fence(ctx, f)
			wait(ctx, kick, time.Second)
			continue
		}
		if s.host.Held != nil && s.host.Held(s.home) {
			s.note(func(f *fact.Unit) {
				f.State, f.Ready, f.PID, f.Error = fact.UnitFailed, false, 0, "kept down by a fault"
			})
			wait(ctx, kick, readyEvery)
			continue
		}
		began := time.Now()
		err := s.serve(ctx, u, kick)
		if ctx.Err() != nil {
			return
		}
		if _, fenced, unread := readFence(s.marker()); fenced || unread != nil {
			continue
		}
		if errors.Is(err, errUnseen) { // its state is what it was
			s.blind(err)
			wait(ctx, kick, pause)
			pause = min(2*pause, lastPause)
			continue
		}
		if errors.Is(err, errRestart) {
			pause = firstPause
			continue
		}
		if time.Since(began) > steady {
			pause = firstPause
		}
		s.log.Warn("unit ended", "err", err, "again_in", pause)
		s.note(func(f *fact.Unit) {
			f.State, f.Ready, f.PID, f.Error = fact.UnitFailed, false, 0, errText(err)
			f.Restarts++
		})
		wait(ctx, kick, pause)
		pause = min(2*pause, lastPause)
	}
}

// diskEvery is how often a unit's disk is looked at.
const diskEvery = 2 * time.Second

// lookAtDisk looks at the disk of the unit's data until ctx ends. A disk that hangs holds up
// nothing but this: what is known of it grows old.
func (s *supervisor) lookAtDisk(ctx context.Context) {
	for ctx.Err() == nil {
		path := filepath.Join(s.home, "data")
		if _, err := os.Stat(path); err != nil {
			path = s.home
		}
		if d, err := disk.Of(path); err == nil {
			s.mu.Lock()
			s.disk = d
			s.mu.Unlock()
		}
		pause(ctx, diskEvery)
	}
}

// blind notes that this very process could not look or act: the unit is as it was.
func (s *supervisor) blind(err error) {
	s.log.Warn("the node cannot look after the unit", "err", err)
	s.descriptors.Saw(err)
	s.note(func(f *fact.Unit) { f.Error = "its node cannot look: " + err.Error() })
}

func (s *supervisor) fence(ctx context.Context, f Fence) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	killed, err := process.KillUnit(ctx, s.home)
	if killed > 0 {
		s.log.Warn("unit fenced", "epoch", f.Epoch, "reason", f.Reason, "killed", killed)
	}
	s.note(func(u *fact.Unit) {
		u.Ready, u.PID, u.Error = false, 0, errText(err)
		if err == nil { // nothing of the unit is left: this is the proof
			u.State, u.Fence = fact.UnitFenced, f.Epoch
		}
	})
}

// serve adopts or starts the unit and returns when its main process ends or it must be fenced.
func (s *supervisor) serve(ctx context.Context, u Unit, kick <-chan struct{}) error {
	p, adopted, err := process.Recall(s.pidFile())
	if err != nil {
		return fmt.Errorf("%w: %w", errUnseen, err)
	}
	if !adopted {
		if p, err = s.start(ctx, u); err != nil {
			return err
		}
	}
	restarted := s.restarted()
	s.note(func(f *fact.Unit) {
		f.State, f.PID, f.Error, f.Fence, f.Restart = fact.UnitStarting, p.PID, "", "", restarted
		if !adopted {
			f.Version = u.Version()
		}
	})
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- p.Wait(ctx) }()
	return s.watch(ctx, u, p, ended, kick)
}

func (s *supervisor) watch(ctx context.Context, u Unit, p process.Process, ended <-chan error, kick <-chan struct{}) error {
	next := time.NewTimer(0)
	defer next.Stop()
	var unread error // why it is not known whether the unit is fenced
	for {
		if u, _ := s.current(); u.Restart != "" && u.Restart != s.restarted() {
			return s.end(ctx, u, p)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-ended:
			if err != nil {
				return err
			}
			return fmt.Errorf("process %d ended; see %s", p.PID, s.logFile())
		case <-kick:
			_, kick = s.current()
			var fenced bool
			if _, fenced, unread = readFence(s.marker()); fenced {
				return nil
			} else if unread != nil {
				next.Reset(readyEvery)
			}
		case <-next.C:
			if unread != nil {
				var fenced bool
				if _, fenced, unread = readFence(s.marker()); fenced {
					return nil
				}
			}
			err := u.Ready.check(ctx)
			if outcome.Local(err) && ctx.Err() == nil {
				s.blind(err)
				next.Reset(checkAgain(s.report().Ready))
				continue
			}
			s.note(func(f *fact.Unit) {
				if f.Ready = err == nil; f.Ready {
					f.State, f.Error = fact.UnitRunning, ""
				} else if f.State == fact.UnitRunning {
					f.Error = err.Error()
				}
			})
			next.Reset(checkAgain(err == nil))
		}
	}
}

// checkAgain is the time until the next check.
func checkAgain(ready bool) time.Duration {
	if ready {
		return readyCheck
	}
	return readyEvery
}

func (s *supervisor) pidFile() string { return process.PIDFile(s.home) }
func (s *supervisor) logFile() string { return s.home + ".log" }

// start lays the unit's files and starts it, after killing what may be left of
// an earlier life: an engine must never find its predecessor's remains running.
func (s *supervisor) start(ctx context.Context, u Unit) (process.Process, error) {
	if !u.Keeps {
		if _, err := process.KillUnit(ctx, s.home); descriptor.Lacking(err) {
			return process.Process{}, fmt.Errorf("%w: %w", errUnseen, err)
		} else if err != nil {
			return process.Process{}, err
		}
	}
	if err := s.lay(u); err != nil {
		return process.Process{}, fmt.Errorf("prepare %s: %w", u.Name, err)
	}
	argv := make([]string, len(u.Argv))
	for i, a := range u.Argv {
		argv[i] = s.fill(a)
	}
	if err := s.noteRestart(u.Restart); err != nil {
		return process.Process{}, err
	}
	env := []string{"HOME=" + s.home}
	for _, e := range u.Env {
		env = append(env, s.fill(e))
	}
	return process.Start(process.Command{
		Home: s.home, Argv: argv, Env: env,
		Log: s.logFile(), PID: s.pidFile(), UID: s.host.UID, GID: s.host.GID, NetNS: u.NetNS,
	})
}

// fill writes the unit's directories into what the assignment says: "{home}" is its own, and
// "{keep}" one beside it, for what it must remember when its own is lost.
func (s *supervisor) fill(text string) string {
	return strings.NewReplacer("{home}", s.home, "{keep}", s.keep()).Replace(text)
}

func (s *supervisor) keep() string { return s.home + ".keep" }

// lay makes the unit's directories and writes its files.
func (s *supervisor) lay(u Unit) error {
	dirs := []string{s.home}
	if slices.ContainsFunc(u.Argv, func(a string) bool { return strings.Contains(a, "{keep}") }) {
		dirs = append(dirs, s.keep())
	}
	for _, dir := range dirs {
		if err := os.MkdirAll(dir, 0o750); err != nil {
			return err
		}
		if err := s.host.own(dir); err != nil {
			return err
		}
	}
	for _, f := range u.Files {
		path := filepath.Join(s.home, filepath.Clean("/"+f.Path))
		if f.Once && f.stands(path) {
			continue
		}
		if err := whole.Write(path, []byte(s.fill(f.Content)), 0o600); err != nil {
			return err
		}
		if err := s.host.own(path); err != nil {
			return err
		}
	}
	return nil
}

// stop ends the unit for good: asked first, then killed.
func (s *supervisor) stop(ctx context.Context) error {
	u, _ := s.current()
	p, _ := process.Adopt(s.pidFile())
	return process.StopUnit(ctx, s.home, p, u.signal(), u.Grace.D())
}

func wait(ctx context.Context, kick <-chan struct{}, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-kick:
	case <-t.C:
	}
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
