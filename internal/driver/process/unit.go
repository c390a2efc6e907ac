package process

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Members returns every process that the installation has started (see [Own]) and whose
// working directory is home or below it, or was before somebody took the disk away that it is on:
// then it is in the session that the unit's main process began, its command or its environment
// names a path in home, or its parent's does. A server may overwrite the latter two, as Redis does
// to show its address.
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
	named := filepath.Clean(home)
	if home, err = real(named); err != nil {
		return nil, fmt.Errorf("find the directory of %s: %w", named, err)
	}
	var out, adrift []Process
	for _, d := range dirs {
		pid, err := strconv.Atoi(d.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		cwd, err := workingDirectory(d.Name())
		if err != nil {
			return nil, fmt.Errorf("whether pid %d belongs to %s: %w", pid, home, err)
		}
		inside := within(cwd, home)
		if !inside && !detached(pid, cwd) {
			continue
		}
		p, err := Find(pid)
		if errors.Is(err, ErrGone) {
			continue
		} else if err != nil {
			return nil, err // to leave it out would prove a death that is none
		}
		switch limit, err := limitOf(pid); {
		case err == nil && ours(limit) && inside:
			out = append(out, p)
		case err == nil && ours(limit):
			adrift = append(adrift, p)
		case err != nil && p.Alive() && inside:
			return nil, fmt.Errorf("whether pid %d belongs to %s: %w", pid, home, err)
		}
	}
	return claim(out, adrift, home, named)
}

// real resolves the links of a path, as Linux tells working directories. What does not exist any
// more is looked for where it was.
func real(path string) (string, error) {
	resolved, err := filepath.EvalSymlinks(path)
	if errors.Is(err, fs.ErrNotExist) && path != filepath.Dir(path) {
		above, err := real(filepath.Dir(path))
		return filepath.Join(above, filepath.Base(path)), err
	}
	return resolved, err
}

func within(path, home string) bool { return path == home || strings.HasPrefix(path, home+"/") }

// detached tells whether a process works in a directory that no path leads to: its disk was
// unmounted while it was in use. The path that Linux tells of it is that within the disk.
func detached(pid int, cwd string) bool {
	var is, named unix.Stat_t
	if cwd == "" || unix.Stat("/proc/"+strconv.Itoa(pid)+"/cwd", &is) != nil {
		return false
	}
	return unix.Stat(cwd, &named) != nil || is.Dev != named.Dev || is.Ino != named.Ino
}

// claim adds those of the processes adrift that are in the session of the unit's main process or
// name a path in the unit, and the children of those that are known.
func claim(known, adrift []Process, home, named string) ([]Process, error) {
	if len(adrift) == 0 {
		return known, nil
	}
	begun, err := session(named)
	if err != nil {
		return nil, err
	}
	of := map[int]bool{}
	for _, p := range known {
		of[p.PID] = true
	}
	for more := true; more; {
		more = false
		for _, p := range adrift {
			if of[p.PID] {
				continue
			}
			is, err := belongs(p, begun, of, home, named)
			if err != nil && p.Alive() {
				return nil, fmt.Errorf("whether pid %d belongs to %s: %w", p.PID, named, err)
			}
			if is && err == nil {
				of[p.PID], more = true, true
				known = append(known, p)
			}
		}
	}
	return known, nil
}

// belongs tells whether a process adrift is the unit's.
func belongs(p, begun Process, of map[int]bool, homes ...string) (bool, error) {
	st, err := readStat(p.PID)
	if err != nil {
		return false, err
	}
	if of[st.parent] || begun.PID != 0 && st.session == begun.PID && p.Start >= begun.Start {
		return true, nil
	}
	return names(p.PID, homes)
}

// session returns the main process of the unit in home, which began a session of its own, also
// if it has ended and others are left in that; zero: nobody knows, or the number is another's now.
func session(home string) (Process, error) {
	b, err := os.ReadFile(PIDFile(home))
	if errors.Is(err, fs.ErrNotExist) {
		return Process{}, nil
	} else if err != nil {
		return Process{}, fmt.Errorf("read which process began %s: %w", home, err)
	}
	var p Process
	if json.Unmarshal(b, &p) != nil {
		return Process{}, nil //nolint:nilerr // it remembers none
	}
	switch now, err := readStat(p.PID); {
	case missing(err):
		return p, nil
	case err != nil:
		return Process{}, fmt.Errorf("look at pid %d: %w", p.PID, err)
	case now.start != p.Start:
		return Process{}, nil
	}
	return p, nil
}

// names tells whether a process's command or environment has a path in one of the directories.
func names(pid int, homes []string) (bool, error) {
	for _, file := range []string{"cmdline", "environ"} {
		b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/" + file)
		if errors.Is(err, fs.ErrPermission) || missing(err) { // the kernel's own have none
			continue
		} else if err != nil {
			return false, err
		}
		for word := range strings.SplitSeq(string(b), "\x00") {
			_, value, _ := strings.Cut(word, "=")
			for _, home := range homes {
				if within(value, home) || within(word, home) {
					return true, nil
				}
			}
		}
	}
	return false, nil
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
