package process

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"github.com/greenlang/fournines/internal/whole"
)

// Command is how a unit's main process is started.
type Command struct {
	Home  string   // working directory and identity of the unit
	Argv  []string // absolute path first
	Env   []string // the whole environment
	Log   string   // file that receives standard output and error, appended
	PID   string   // file that remembers the process
	UID   int      // user to run as, -1: ours
	GID   int
	NetNS string // path of a network namespace to run in, empty: ours
}

// PIDFile is where the main process of the unit in home is remembered: beside it, since a disk may be
// taken away with home on it.
func PIDFile(home string) string { return filepath.Clean(home) + ".pid" }

// Start starts the command in a session of its own and remembers it in the PID
// file. The process lives on when its starter dies; see [Adopt].
func Start(c Command) (Process, error) {
	log, err := os.OpenFile(c.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
	if err != nil {
		return Process{}, fmt.Errorf("start %s: %w", c.Argv[0], err)
	}
	defer log.Close() //nolint:errcheck // the child has its own descriptor
	cmd := exec.Command(c.Argv[0], c.Argv[1:]...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = c.Home, c.Env, log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if c.UID >= 0 && c.UID != os.Getuid() {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(c.UID), Gid: uint32(c.GID)} //nolint:gosec // ids are small
	}
	if err := startIn(c.NetNS, cmd); err != nil {
		return Process{}, fmt.Errorf("start %s in %s: %w", c.Argv[0], c.Home, err)
	}
	go cmd.Wait() //nolint:errcheck // reaps it; its end is seen through Process.Wait
	p, err := Find(cmd.Process.Pid)
	if errors.Is(err, ErrGone) {
		return Process{}, fmt.Errorf("start %s: it ended at once; see %s", c.Argv[0], c.Log)
	} else if err != nil {
		return Process{}, errors.Join(fmt.Errorf("start %s: %w", c.Argv[0], err), cmd.Process.Kill())
	}
	if err := remember(c.PID, p); err != nil {
		return p, errors.Join(err, p.Signal(syscall.SIGKILL))
	}
	return p, nil
}

// remember writes atomically: a half-written file would orphan the process.
func remember(path string, p Process) error {
	b, err := json.Marshal(p)
	if err != nil {
		return err
	}
	if err := whole.Write(path, append(b, '\n'), 0o600); err != nil {
		return fmt.Errorf("remember process: %w", err)
	}
	return nil
}

// Adopt returns the process that the PID file remembers, if it still runs.
func Adopt(path string) (Process, bool) {
	p, ok, err := Recall(path)
	return p, ok && err == nil
}

// Recall is [Adopt] for those who would kill what they do not know of: the error says that
// nobody can tell whether the process runs.
func Recall(path string) (p Process, runs bool, err error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Process{}, false, nil
	} else if err != nil {
		return Process{}, false, fmt.Errorf("recall a process: %w", err)
	}
	if err := json.Unmarshal(b, &p); err != nil {
		return Process{}, false, nil //nolint:nilerr // it remembers none
	}
	err = p.check()
	if errors.Is(err, ErrGone) {
		return p, false, nil
	}
	return p, err == nil, err
}
