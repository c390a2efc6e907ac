// Package descriptor tells how many file descriptors this process has open, how many it may
// have, and whether it lacked any: without them it neither takes nor opens connections, reads
// no file, and sees nobody.
package descriptor

import (
	"errors"
	"log/slog"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// State is what is known of the process: plain JSON data.
type State struct {
	Open     int       `json:"open"`
	Limit    int       `json:"limit"`              // 0: none
	Lacked   time.Time `json:"lacked,omitzero"`    // when something failed for the lack of one, the last time
	Failures uint64    `json:"failures,omitempty"` // for the lack of one, since the process began
}

// Gauge remembers when descriptors lacked. Its zero value is ready, a nil one remembers
// nothing. It is safe for concurrent use.
type Gauge struct {
	Log *slog.Logger // told once for each spell; nil: nobody

	lacked   atomic.Int64 // nanoseconds since 1970; 0: never
	failures atomic.Uint64
}

// calm is how long nothing must fail until a spell is over.
const calm = time.Minute

// Lacking tells whether an error says that this process, or its machine, lacked a descriptor.
func Lacking(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}

// Saw notes an error if it says that a descriptor lacked.
func (g *Gauge) Saw(err error) {
	if g == nil || !Lacking(err) {
		return
	}
	now := time.Now()
	g.failures.Add(1)
	before := g.lacked.Swap(now.UnixNano())
	if g.Log != nil && now.UnixNano()-before > calm.Nanoseconds() {
		s := g.State()
		g.Log.Error("file descriptors are short: this process cannot look at others or serve new connections; raise LimitNOFILE or ulimit -n", "open", s.Open, "limit", s.Limit, "err", err)
	}
}

// State returns what is known now.
func (g *Gauge) State() State {
	var s State
	var r unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &r); err == nil && r.Cur < 1<<31 {
		s.Limit = int(r.Cur) //nolint:gosec // below 1<<31
	}
	s.Open = open(s.Limit)
	if g != nil {
		if at := g.lacked.Load(); at != 0 {
			s.Lacked = time.Unix(0, at)
		}
		s.Failures = g.failures.Load()
	}
	return s
}

const table = "/proc/self/fd"

// open counts what is open. Linux since 6.2 tells it without opening anything.
func open(limit int) int {
	if i, err := os.Stat(table); err == nil && i.Size() > 0 {
		return int(i.Size())
	}
	names, err := os.ReadDir(table)
	if err != nil {
		if Lacking(err) {
			return limit // that is why
		}
		return 0
	}
	return len(names) - 1 // without the one that reads
}
