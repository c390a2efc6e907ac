package pgbackrest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Engine runs pgBackRest for one stanza whose configuration is in its home. One engine may be
// used by many goroutines; pgBackRest itself refuses two backups at once: [ErrBusy].
type Engine struct {
	Program  string
	Home     string // holds ConfigFile
	Work     string // directory that it works in, by which whoever ends all that works there finds it; empty: Home
	Stanza   string
	Data     string   // PostgreSQL's data directory; empty: it is not on this host
	Env      []string // what the program needs to start, such as LD_LIBRARY_PATH; ours is not inherited
	UID, GID int      // user to run as, the owner of Home and Data; -1: ours
	Segment  int64    // bytes of a write-ahead log segment, 16 MiB by default
}

// The bounds of one run. A listing of a year of segments is about 60 MB.
const (
	mostOutput = 256 << 20
	mostLine   = 64 << 10
	grace      = 10 * time.Second // between asking it to stop and killing it
)

// run runs one command of pgBackRest and returns what it printed. level is that of its log,
// which follow receives entry by entry; it may be nil.
func (e Engine) run(ctx context.Context, command, level string, follow func(message), options ...string) ([]byte, error) {
	if err := e.prepare(); err != nil {
		return nil, &Error{Command: command, Stanza: e.Stanza, Err: err}
	}
	cmd := exec.CommandContext(ctx, e.Program, append([]string{command, "--config=" + filepath.Join(e.Home, ConfigFile), "--stanza=" + e.Stanza, "--log-level-stderr=" + level}, options...)...)
	cmd.Dir = or(e.Work, e.Home) // by which a fence finds it
	cmd.Env = append(slices.Clone(e.Env), "LANG=C.UTF-8", "LC_ALL=C.UTF-8", "TZ=UTC", "PATH=/usr/local/bin:/usr/bin:/bin", "HOME="+e.Home, "PGPASSFILE="+filepath.Join(e.Home, PasswordFile))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if e.UID >= 0 && e.UID != os.Getuid() {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(e.UID), Gid: uint32(e.GID)}
	}
	cmd.Cancel, cmd.WaitDelay = func() error { return cmd.Process.Signal(syscall.SIGTERM) }, grace
	out := bounded{most: mostOutput}
	cmd.Stdout = &out
	said, log := record{follow: follow}, &lines{}
	log.each = said.line
	cmd.Stderr = log
	err := cmd.Run()
	if cmd.Process != nil { // its workers end with it; what does not is killed
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	}
	log.end()
	said.end()
	if err == nil && out.over {
		err = fmt.Errorf("it printed more than %d bytes", mostOutput)
	}
	if err == nil {
		return out.Bytes(), nil
	}
	return nil, e.failed(ctx, command, err, said.first)
}

// failed names the error of a run.
func (e Engine) failed(ctx context.Context, command string, err error, m message) error {
	f := &Error{Command: command, Stanza: e.Stanza, Text: brief(m.text)}
	exit, ran := errors.AsType[*exec.ExitError](err)
	switch {
	case ctx.Err() != nil:
		f.Kind, f.Err = ErrStopped, context.Cause(ctx)
	case !ran:
		f.Err = err
	case exit.ExitCode() < 0: // by a signal
		f.Kind, f.Err = ErrStopped, err
	default:
		f.Code, f.Name = exit.ExitCode(), codes[exit.ExitCode()]
		f.Kind = kindOf(or(m.code, f.Code), m.text)
	}
	return f
}

// prepare makes the stanza's directories, and puts a log away that has grown: pgBackRest only
// ever appends.
func (e Engine) prepare() error {
	for _, dir := range []string{folder, filepath.Join(folder, "log"), filepath.Join(folder, "lock"), filepath.Join(folder, "spool")} {
		path := filepath.Join(e.Home, dir)
		if err := os.Mkdir(path, 0o750); errors.Is(err, os.ErrExist) {
			continue
		} else if err != nil {
			return err
		}
		if e.UID >= 0 {
			if err := os.Chown(path, e.UID, e.GID); err != nil {
				return err
			}
		}
	}
	const most = 4 << 20
	logs, err := filepath.Glob(filepath.Join(e.Home, folder, "log", "*.log"))
	if err != nil {
		return err
	}
	for _, path := range logs {
		if info, err := os.Stat(path); err == nil && info.Size() > most {
			if err := os.Rename(path, path+".1"); err != nil {
				return err
			}
		}
	}
	return nil
}

// bounded keeps what is printed, up to a bound.
type bounded struct {
	bytes.Buffer
	most int
	over bool
}

func (b *bounded) Write(p []byte) (int, error) {
	if b.Len()+len(p) > b.most {
		b.over = true
		return len(p), nil // to stop reading would stop the program
	}
	return b.Buffer.Write(p)
}

// lines hands a stream on line by line; what is longer than the bound is cut.
type lines struct {
	each func(string)
	open []byte
}

func (l *lines) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		part, _, whole := bytes.Cut(p, []byte{'\n'})
		if room := mostLine - len(l.open); room > 0 {
			l.open = append(l.open, part[:min(room, len(part))]...)
		}
		if !whole {
			break
		}
		l.end()
		p = p[len(part)+1:]
	}
	return n, nil
}

// end hands the last line on.
func (l *lines) end() {
	if len(l.open) > 0 {
		l.each(strings.TrimRight(string(l.open), "\r"))
		l.open = l.open[:0]
	}
}
