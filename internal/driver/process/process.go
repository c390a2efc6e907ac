package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Process is one process of this host, safe against reuse of its pid.
type Process struct {
	PID   int    `json:"pid"`
	Start uint64 `json:"start"` // clock ticks after boot, /proc/PID/stat field 22
}

// ErrGone means that the process does not run any more.
var ErrGone = errors.New("process is gone")

// Find returns the running process of that pid; a zombie counts as gone, once its
// threads are too: a leader that ended first is a zombie whose threads still hold its
// files and locks.
func Find(pid int) (Process, error) {
	s, err := readStat(pid)
	if err != nil || s.ended() {
		return Process{}, fmt.Errorf("pid %d: %w", pid, ErrGone)
	}
	return Process{PID: pid, Start: s.start}, nil
}

// Alive tells whether p still runs.
func (p Process) Alive() bool {
	q, err := Find(p.PID)
	return err == nil && q == p
}

// Stopped tells whether p is stopped by a signal, such as SIGSTOP.
func (p Process) Stopped() bool {
	s, err := readStat(p.PID)
	return err == nil && s.start == p.Start && s.state == 'T'
}

// Signal sends sig to p and to nobody else.
func (p Process) Signal(sig syscall.Signal) error {
	fd, err := unix.PidfdOpen(p.PID, 0)
	if err != nil {
		return fmt.Errorf("pid %d: %w", p.PID, ErrGone)
	}
	defer unix.Close(fd) //nolint:errcheck // nothing was written
	if !p.Alive() {      // asked after the descriptor pins the pid
		return fmt.Errorf("pid %d: %w", p.PID, ErrGone)
	}
	if err := unix.PidfdSendSignal(fd, sig, nil, 0); err != nil {
		return fmt.Errorf("signal %v to pid %d: %w", sig, p.PID, err)
	}
	return nil
}

// Wait returns nil when p has ended, whoever its parent is.
func (p Process) Wait(ctx context.Context) error {
	fd, err := unix.PidfdOpen(p.PID, 0)
	if err != nil || !p.Alive() {
		if err == nil {
			_ = unix.Close(fd)
		}
		return nil
	}
	f := os.NewFile(uintptr(fd), "pidfd")
	defer f.Close() //nolint:errcheck // nothing was written
	for {
		// Short rounds, so that the end of ctx is noticed; the kernel wakes us at once when p ends.
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 100) //nolint:gosec // a descriptor is small
		switch {
		case n > 0:
			return nil
		case err != nil && !errors.Is(err, syscall.EINTR):
			return fmt.Errorf("wait for pid %d: %w", p.PID, err)
		case ctx.Err() != nil:
			return ctx.Err()
		}
	}
}

type stat struct {
	state    byte
	parent   int
	terminal int // 0: none
	threads  int
	start    uint64
}

func (s stat) ended() bool { return s.state == 'X' || s.state == 'Z' && s.threads <= 1 }

func readStat(pid int) (stat, error) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return stat{}, err
	}
	return parseStat(string(b))
}

// parseStat reads /proc/PID/stat; the command's name is in parentheses and may itself contain some.
func parseStat(s string) (stat, error) {
	i := strings.LastIndexByte(s, ')')
	if i < 0 {
		return stat{}, errors.New("parse stat: no command")
	}
	f := strings.Fields(s[i+1:])
	if len(f) < 20 || len(f[0]) != 1 {
		return stat{}, errors.New("parse stat: too few fields")
	}
	parent, err1 := strconv.Atoi(f[1])
	terminal, err2 := strconv.Atoi(f[4])
	threads, err3 := strconv.Atoi(f[17])
	start, err4 := strconv.ParseUint(f[19], 10, 64)
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return stat{}, fmt.Errorf("parse stat: %w", err)
	}
	return stat{state: f[0][0], parent: parent, terminal: terminal, threads: threads, start: start}, nil
}
