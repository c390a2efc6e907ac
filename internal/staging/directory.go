package staging

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/greenlang/fournines/internal/driver/process"
)

// What callers branch on; ask with errors.Is.
var (
	ErrBusy  = errors.New("another run is at it")
	ErrHolds = errors.New("the directory holds what no run has left")
)

// markFile is in a directory from its first moment to its last, and says that all in it is a run's.
const markFile = "staging.mark"

// directory is the place of one run, which nobody else may use until it is let go of.
type directory struct {
	path string
	lock *os.File
	keep bool
}

// claim takes the directory for this run. What a run left that was killed is ended and taken away.
func claim(ctx context.Context, p Plan) (*directory, error) {
	lock, err := take(p.Dir + ".lock")
	if err != nil {
		return nil, fmt.Errorf("use %s: %w", p.Dir, err)
	}
	d := &directory{path: p.Dir, lock: lock}
	if err := d.lay(ctx, p); err != nil {
		return nil, errors.Join(fmt.Errorf("use %s: %w", p.Dir, err), lock.Close())
	}
	return d, nil
}

// take takes the lock, which ends with its holder's process.
func take(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); errors.Is(err, unix.EWOULDBLOCK) {
		holder, _ := os.ReadFile(path) // that it is held is the error
		return nil, errors.Join(fmt.Errorf("%w, the process %s: wait until it has ended, or name another directory", ErrBusy, strings.TrimSpace(string(holder))), f.Close())
	} else if err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), f.Close())
	}
	err = f.Truncate(0)
	if err == nil {
		_, err = f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// lay makes the directory, with its mark.
func (d *directory) lay(ctx context.Context, p Plan) error {
	entries, err := os.ReadDir(d.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	case len(entries) == 0: // a run was killed before it laid its mark, or somebody made it
	default:
		if _, err := os.Lstat(filepath.Join(d.path, markFile)); err != nil {
			return fmt.Errorf("%w, such as %s: name an empty directory, or one that there is not", ErrHolds, entries[0].Name())
		}
		if err := d.clear(ctx); err != nil {
			return fmt.Errorf("take away what an interrupted run has left: %w", err)
		}
	}
	if err := os.Mkdir(d.path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if err := errors.Join(os.Chmod(d.path, 0o700), p.own(d.path)); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(d.path, markFile), []byte("What is in this directory is taken away by the next restore test.\n"), 0o600)
}

// killWithin bounds the wait for the end of what was killed.
const killWithin = 30 * time.Second

// clear ends what works in the directory, proves its end, and takes all of it away: the mark last.
func (d *directory) clear(ctx context.Context) error {
	if err := d.end(ctx); err != nil {
		return err
	}
	entries, err := os.ReadDir(d.path)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Name() != markFile {
			err = errors.Join(err, os.RemoveAll(filepath.Join(d.path, e.Name())))
		}
	}
	if err != nil {
		return err
	}
	return os.RemoveAll(d.path)
}

// end kills every process of this installation that works in the directory.
func (d *directory) end(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), killWithin)
	defer cancel()
	_, err := process.KillUnit(ctx, d.path)
	return err
}

// release ends the run's use of the directory. One that is kept has no mark any more: no later run takes it away.
func (d *directory) release(ctx context.Context) error {
	var err error
	if d.keep {
		err = errors.Join(d.end(ctx), os.Remove(filepath.Join(d.path, markFile)))
	} else {
		err = d.clear(ctx)
	}
	return errors.Join(err, d.lock.Close())
}
