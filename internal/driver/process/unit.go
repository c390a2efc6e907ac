package process

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Members returns every process that the installation has started (see [Own]) and whose
// working directory is home or below it.
func Members(home string) ([]Process, error) {
	mark, err := markOf(home)
	if err != nil {
		return nil, err
	}
	return working(home, func(limit uint64) bool { return limit == mark })
}

// working returns the processes that work in home or below it and whose limit of file locks
// is one of ours.
func working(home string, ours func(limit uint64) bool) ([]Process, error) {
	dirs, err := os.ReadDir("/proc")
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	home = filepath.Clean(home)
	var out []Process
	for _, d := range dirs {
		pid, err := strconv.Atoi(d.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		cwd, err := workingDirectory(d.Name())
		if err != nil {
			return nil, fmt.Errorf("whether pid %d belongs to %s: %w", pid, home, err)
		}
		if cwd != home && !strings.HasPrefix(cwd, home+"/") {
			continue
		}
		p, err := Find(pid)
		if errors.Is(err, ErrGone) {
			continue
		} else if err != nil {
			return nil, err // to leave it out would prove a death that is none
		}
		switch limit, err := limitOf(pid); {
		case err == nil && ours(limit):
			out = append(out, p)
		case err != nil && p.Alive():
			return nil, fmt.Errorf("whether pid %d belongs to %s: %w", pid, home, err)
		}
	}
	return out, nil
}

// workingDirectory returns where a process works, or "" of one that ended or is not
// ours. A leader that ended before its threads has none any more, but they do.
func workingDirectory(pid string) (string, error) {
	cwd, err := os.Readlink("/proc/" + pid + "/cwd")
	if errors.Is(err, fs.ErrNotExist) {
		threads, unread := os.ReadDir("/proc/" + pid + "/task")
		if unread != nil && !missing(unread) && !errors.Is(unread, fs.ErrPermission) {
			return "", unread
		}
		for _, t := range threads {
			if cwd, err = os.Readlink("/proc/" + pid + "/task/" + t.Name() + "/cwd"); err == nil {
				break
			}
		}
	}
	if err != nil {
		return "", nil //nolint:nilerr // reading a link needs no descriptor: it has ended, or is not ours
	}
	return strings.TrimSuffix(cwd, " (deleted)"), nil
}

// SignalUnit sends sig to every process of the unit and returns how many got it.
func SignalUnit(home string, sig syscall.Signal) (int, error) {
	ps, err := Members(home)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, p := range ps {
		switch err := p.Signal(sig); {
		case err == nil:
			n++
		case !errors.Is(err, ErrGone):
			return n, err
		}
	}
	return n, nil
}

// KillUnit kills the unit with SIGKILL and returns only when none of its processes
// is left, which is the proof a fence needs: frozen processes die as well.
func KillUnit(ctx context.Context, home string) (killed int, err error) {
	for {
		ps, err := Members(home)
		if err != nil {
			return killed, err
		}
		if len(ps) == 0 {
			return killed, nil
		}
		for _, p := range ps {
			if err := p.Signal(syscall.SIGKILL); err == nil {
				killed++
			} else if !errors.Is(err, ErrGone) {
				return killed, err
			}
		}
		for _, p := range ps {
			if err := p.Wait(ctx); err != nil {
				return killed, fmt.Errorf("kill unit %s: pid %d is still there: %w", home, p.PID, err)
			}
		}
	}
}

// StopUnit asks the unit's main process to end, and kills what is left after grace.
func StopUnit(ctx context.Context, home string, main Process, sig syscall.Signal, grace time.Duration) error {
	if err := main.Signal(sig); err == nil {
		graced, cancel := context.WithTimeout(ctx, grace)
		_ = main.Wait(graced) // what is left is killed below
		cancel()
	}
	_, err := KillUnit(ctx, home)
	return err
}
