package fault

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"time"

	"github.com/greenlang/fournines/internal/driver/process"
	"github.com/greenlang/fournines/internal/whole"
)

func (l Lease) kill(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	ps, err := process.Members(l.home())
	if err != nil {
		return err
	}
	if len(ps) == 0 {
		return errors.New("nothing runs in " + l.home())
	}
	return killAll(ctx, ps)
}

func killAll(ctx context.Context, ps []process.Process) error {
	for _, p := range ps {
		if err := p.Signal(syscall.SIGKILL); err != nil && !errors.Is(err, process.ErrGone) {
			return err
		}
	}
	for _, p := range ps {
		if err := p.Wait(ctx); err != nil {
			return err
		}
	}
	return nil
}

// empty takes data away, by patterns below the unit's directory, and kills the unit. The data
// goes first: its supervisor starts it again within a moment, and it must find nothing then.
// Killed at any step and called again, it goes on from there: what was taken is not taken again,
// since what is there by then is new, and only processes that may know the old data are killed.
func (l Lease) empty(ctx context.Context, data ...string) error {
	ps, err := l.emptied()
	if err != nil {
		return err
	}
	if ps == nil {
		if ps, err = l.take(data); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	return killAll(ctx, ps)
}

// take takes the data away and returns whose it was, which it remembers.
func (l Lease) take(data []string) ([]process.Process, error) {
	ps, err := process.Members(l.home())
	if err != nil {
		return nil, err
	}
	if err := os.Mkdir(l.lost(), 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	} else if err == nil && len(ps) == 0 {
		return nil, errors.Join(errors.New("nothing runs in "+l.home()), os.Remove(l.lost()))
	}
	for _, pattern := range data {
		paths, err := filepath.Glob(filepath.Join(l.home(), pattern))
		if err != nil {
			return nil, err
		}
		for _, path := range paths {
			to := filepath.Join(l.lost(), filepath.Base(path))
			if _, err := os.Lstat(to); err == nil {
				continue // an earlier life of this guard took it, and this one is new
			}
			if err := os.Rename(path, to); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return nil, err
			}
		}
	}
	if ps, err = process.Members(l.home()); err != nil {
		return nil, err
	}
	b, err := json.Marshal(append([]process.Process{}, ps...))
	if err != nil {
		return nil, err
	}
	if err := whole.Write(l.taken(), b, 0o600); err != nil {
		return nil, err
	}
	return ps, nil
}

// emptied returns the processes that were there when all data had been taken; nil: it has not.
func (l Lease) emptied() (ps []process.Process, err error) {
	b, err := os.ReadFile(l.taken())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	return ps, json.Unmarshal(b, &ps)
}

// leave ends what an earlier life of this guard has begun, and removes what was taken away.
func (l Lease) leave(ctx context.Context, data ...string) error {
	_, err := os.Stat(l.lost())
	switch {
	case err == nil:
		if err := l.empty(ctx, data...); err != nil {
			return err
		}
	case errors.Is(err, fs.ErrNotExist) && l.State == begun:
		return errors.New("its guard was killed before it took anything, and went on only after the fault's time")
	}
	return l.forget(ctx)
}

// emptying is the fault that takes data away, by patterns below the unit's directory.
func (l Lease) emptying(data ...string) fault {
	return fault{
		inject: func(ctx context.Context) error { return l.empty(ctx, data...) },
		revert: func(ctx context.Context) error { return l.leave(ctx, data...) },
	}
}

func (l Lease) taken() string { return filepath.Join(l.lost(), "taken.json") }

// forget removes what was taken away: it could not be given back to a member that has
// been rebuilt meanwhile.
func (l Lease) forget(context.Context) error { return os.RemoveAll(l.lost()) }

func (l Lease) lost() string { return l.home() + ".lost-" + l.ID }

// killZone lays the marker first, so that nobody starts the zone again meanwhile.
func (l Lease) killZone(ctx context.Context) error {
	if err := setDown(l); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	_, err := process.KillUnit(ctx, l.home())
	return err
}

func (l Lease) keepDead() {
	_, _ = process.SignalUnit(l.home(), syscall.SIGKILL) // usually there is nobody
}

// freeze stops every process and looks until all of them have stopped, because one may
// have been forked meanwhile and a busy machine takes its time.
func (l Lease) freeze(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for {
		ps, err := process.Members(l.home())
		if err != nil {
			return err
		}
		if len(ps) == 0 {
			return errors.New("nothing runs in " + l.home())
		}
		moving := slices.IndexFunc(ps, func(p process.Process) bool { return !p.Stopped() })
		if moving < 0 {
			return nil
		}
		if _, err := process.SignalUnit(l.home(), syscall.SIGSTOP); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return fmt.Errorf("freeze %s: pid %d does not stop: %w", l.home(), ps[moving].PID, ctx.Err())
		}
		runtime.Gosched()
	}
}

func (l Lease) thaw(context.Context) error {
	_, err := process.SignalUnit(l.home(), syscall.SIGCONT)
	return err
}

// hang stops the postmaster alone: sessions go on, and nobody gets a new one.
func (l Lease) hang(context.Context) error {
	pid, err := readPostmaster(filepath.Join(l.home(), "data"))
	if err != nil {
		return err
	}
	p, err := process.Find(pid)
	if err != nil {
		return err
	}
	return p.Signal(syscall.SIGSTOP)
}
