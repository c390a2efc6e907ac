package process

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

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
	switch {
	case missing(err), err == nil && s.ended():
		return Process{}, fmt.Errorf("pid %d: %w", pid, ErrGone)
	case err != nil:
		return Process{}, fmt.Errorf("look at pid %d: %w", pid, err) // it proves nothing
	}
	return Process{PID: pid, Start: s.start}, nil
}

// missing tells whether an error proves that there is no such process.
func missing(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH)
}

// Alive tells whether p still runs. What cannot be seen, because descriptors lack, does.
func (p Process) Alive() bool {
	return !errors.Is(p.check(), ErrGone)
}

// check returns nil of one that runs, and ErrGone of one that does not.
func (p Process) check() error {
	q, err := Find(p.PID)
	if err == nil && q != p {
		err = fmt.Errorf("pid %d: %w", p.PID, ErrGone) // the number is another's
	}
	return err
}

// Stopped tells whether p is stopped by a signal, such as SIGSTOP.
func (p Process) Stopped() bool {
	s, err := readStat(p.PID)
	return err == nil && s.start == p.Start && s.state == 'T'
}

// Signal sends sig to p and to nobody else.
func (p Process) Signal(sig syscall.Signal) error {
	fd, err := p.pin()
	if err != nil {
		return fmt.Errorf("signal %v to pid %d: %w", sig, p.PID, err)
	}
	defer unix.Close(fd) //nolint:errcheck // nothing was written
	if err := unix.PidfdSendSignal(fd, sig, nil, 0); err != nil {
		return fmt.Errorf("signal %v to pid %d: %w", sig, p.PID, err)
	}
	return nil
}

// blindPause is how long a process is left alone that cannot be seen.
const blindPause = 100 * time.Millisecond

// Wait returns nil when p has ended, whoever its parent is. While it cannot see p, for want
// of descriptors, it looks again.
func (p Process) Wait(ctx context.Context) error {
	fd, err := p.pin()
	for ; err != nil; fd, err = p.pin() {
		if errors.Is(err, ErrGone) {
			return nil
		}
		t := time.NewTimer(blindPause)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return ctx.Err()
		}
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

// pin returns a descriptor of p, which no other process can take the number from.
func (p Process) pin() (fd int, err error) {
	if fd, err = unix.PidfdOpen(p.PID, 0); err == nil {
		if err = p.check(); err == nil {
			return fd, nil
		}
		_ = unix.Close(fd)
	} else if missing(err) {
		err = ErrGone
	}
	return 0, err
}

type stat struct {
	state    byte
	parent   int
	session  int // pid of whoever began it; the number is given to nobody else while somebody is in it
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
	session, err5 := strconv.Atoi(f[3])
	terminal, err2 := strconv.Atoi(f[4])
	threads, err3 := strconv.Atoi(f[17])
	start, err4 := strconv.ParseUint(f[19], 10, 64)
	if err := errors.Join(err1, err2, err3, err4, err5); err != nil {
		return stat{}, fmt.Errorf("parse stat: %w", err)
	}
	return stat{state: f[0][0], parent: parent, session: session, terminal: terminal, threads: threads, start: start}, nil
}
