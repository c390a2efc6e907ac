package fault

import (
	"context"
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
func (l Lease) empty(ctx context.Context, data ...string) error {
	if err := os.Mkdir(l.lost(), 0o700); errors.Is(err, fs.ErrExist) {
		return nil // an earlier life of this guard did it, and what is there now is new
	} else if err != nil {
		return err
	}
	for _, pattern := range data {
		paths, err := filepath.Glob(filepath.Join(l.home(), pattern))
		if err != nil {
			return err
		}
		for _, path := range paths {
			if err := os.Rename(path, filepath.Join(l.lost(), filepath.Base(path))); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	return l.kill(ctx)
}

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
