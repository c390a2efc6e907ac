package process

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/greenlang/fournines/internal/whole"
)

// markFile is in an installation's directory, and holds its mark.
const markFile = "process.mark"

// markDepth is how far above a unit the installation's directory is at most.
const markDepth = 4

// Own marks this process, and whatever it starts from now on, as the installation's in root.
// A working directory alone proves nothing: a person's shell may stand there, and a path of
// another mount namespace may read the same.
//
// The mark is the soft limit of file locks (RLIMIT_LOCKS): children inherit it whatever they
// do to their session, parent, environment or descriptors, every process's is readable in
// /proc, no privilege is needed, and Linux has not used it for anything since 2.4.
func Own(root string) error {
	path := filepath.Join(root, markFile)
	mark, err := readMark(path)
	if errors.Is(err, fs.ErrNotExist) {
		mark, err = layMark(root, path)
	}
	if err != nil {
		return fmt.Errorf("mark the processes of %s: %w", root, err)
	}
	return setMark(mark)
}

func setMark(mark uint64) error {
	var l unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_LOCKS, &l); err != nil {
		return fmt.Errorf("read the limit of file locks: %w", err)
	}
	l.Cur = mark
	if err := unix.Setrlimit(unix.RLIMIT_LOCKS, &l); err != nil {
		return fmt.Errorf("set the limit of file locks to %d, which marks what this installation starts: %w", mark, err)
	}
	return nil
}

// layMark chooses the installation's mark. Engines that an older version has started, and
// that live on, get it: without it they could not be proved dead.
func layMark(root, path string) (uint64, error) {
	var l unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_LOCKS, &l); err != nil {
		return 0, err
	}
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	mark := 1 + binary.BigEndian.Uint64(b[:])%min(l.Max-1, math.MaxInt64)
	olds, err := working(root, func(limit uint64) bool { return limit == l.Cur })
	if err != nil {
		return 0, err
	}
	for _, p := range olds {
		if s, err := readStat(p.PID); err != nil || s.terminal != 0 {
			continue // a person's
		}
		if err := unix.Prlimit(p.PID, unix.RLIMIT_LOCKS, &unix.Rlimit{Cur: mark, Max: l.Max}, nil); err != nil && !errors.Is(err, unix.ESRCH) {
			return 0, fmt.Errorf("mark pid %d, which an older version has started: %w", p.PID, err)
		}
	}
	return mark, whole.Write(path, []byte(strconv.FormatUint(mark, 10)+"\n"), 0o600)
}

func readMark(path string) (uint64, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	mark, err := strconv.ParseUint(strings.TrimSpace(string(b)), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s: %w; it holds one number. Stop the platform, remove the file and start it again", path, err)
	}
	return mark, nil
}

// markOf returns the mark of the installation that home belongs to. Outside every
// installation, in tests for example, it is this process's own limit.
func markOf(home string) (uint64, error) {
	for dir, i := filepath.Clean(home), 0; i <= markDepth; dir, i = filepath.Dir(dir), i+1 {
		mark, err := readMark(filepath.Join(dir, markFile))
		if !errors.Is(err, fs.ErrNotExist) {
			return mark, err
		}
	}
	return limitOf(os.Getpid())
}

// limitOf returns a process's soft limit of file locks.
func limitOf(pid int) (uint64, error) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/limits")
	if err != nil {
		return 0, err
	}
	return parseLimit(string(b))
}

// parseLimit reads /proc/PID/limits.
func parseLimit(s string) (uint64, error) {
	for line := range strings.Lines(s) {
		rest, ok := strings.CutPrefix(line, "Max file locks")
		if !ok {
			continue
		}
		fields := strings.Fields(rest)
		switch {
		case len(fields) == 0:
			return 0, errors.New("parse limits: no soft limit of file locks")
		case fields[0] == "unlimited":
			return math.MaxUint64, nil
		}
		n, err := strconv.ParseUint(fields[0], 10, 64)
		if err != nil {
			return 0, fmt.Errorf("parse limits: %w", err)
		}
		return n, nil
	}
	return 0, errors.New("parse limits: no file locks")
}
