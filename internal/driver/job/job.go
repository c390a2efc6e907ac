package job

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"time"

	"github.com/greenlang/fournines/internal/driver/process"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/whole"
)

// Job is what to run.
type Job struct {
	Key      string        `json:"key"`  // letters, digits, '.', '_' and '-'
	Argv     []string      `json:"argv"` // absolute path first
	Env      []string      `json:"env"`  // the whole environment
	Dir      string        `json:"dir"`  // working directory: that of the unit which a fence ends it with
	UID      int           `json:"uid"`  // user to run as, -1: the runner's
	GID      int           `json:"gid"`
	Deadline time.Duration `json:"deadline"` // after it has begun; then it is asked to end, and killed 10 s later
}

var keys = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`)

// ErrOther means that the key names a job that runs something else.
var ErrOther = errors.New("the key names another job")

func (j Job) check() error {
	switch {
	case !keys.MatchString(j.Key):
		return fmt.Errorf("the key %.40q must be at most 128 letters, digits, '.', '_' and '-'", j.Key)
	case len(j.Argv) == 0 || !filepath.IsAbs(j.Argv[0]):
		return fmt.Errorf("job %s: the program must be named by an absolute path", j.Key)
	case !filepath.IsAbs(j.Dir):
		return fmt.Errorf("job %s: the working directory %q must be an absolute path", j.Key, j.Dir)
	case j.Deadline <= 0:
		return fmt.Errorf("job %s: it has no deadline", j.Key)
	}
	return nil
}

// The files of a job's directory.
const (
	jobFile    = "job.json"
	lockFile   = "lock"
	begunFile  = "begun.json"
	resultFile = "result.json"
	saidFile   = "said"
	logFile    = "runner.log"
	pidFile    = "runner.pid"
)

// Ensure lets the job below root run, unless it has begun, and returns how far it is. runner is
// the command line of a process that calls [Run] with the job's directory, which is added to it.
func Ensure(root string, j Job, runner []string) (fact.Job, error) {
	if err := j.check(); err != nil {
		return fact.Job{}, err
	}
	dir := filepath.Join(root, j.Key)
	if err := lay(dir, j); err != nil {
		return fact.Job{}, fmt.Errorf("prepare job %s: %w", j.Key, err)
	}
	is, err := Look(root, j.Key)
	if err != nil || is.State != fact.JobWaiting {
		return is, err
	}
	if _, runs, err := process.Recall(filepath.Join(dir, pidFile)); runs || err != nil {
		return is, err // it is about to begin
	}
	// Where two are started all the same, one holds the lock and the other ends.
	if _, err := process.Start(process.Command{
		Home: dir, Argv: append(append([]string{}, runner...), dir), Env: []string{"LANG=C.UTF-8"},
		Log: filepath.Join(dir, logFile), PID: filepath.Join(dir, pidFile), UID: -1,
	}); err != nil {
		if is, unseen := Look(root, j.Key); unseen == nil && is.State != fact.JobWaiting {
			return is, nil // it was quick
		}
		return is, err
	}
	return is, nil
}

// lay writes what to run, once.
func lay(dir string, j Job) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	path := filepath.Join(dir, jobFile)
	var old Job
	switch err := read(path, &old); {
	case errors.Is(err, fs.ErrNotExist):
		return keep(path, j)
	case err != nil:
		return err
	case !reflect.DeepEqual(old, j):
		return fmt.Errorf("%w, %v in %s: give this one a key of its own", ErrOther, old.Argv, old.Dir)
	}
	return nil
}

// Look returns how far a job is; one that nobody has asked for waits.
func Look(root, key string) (fact.Job, error) {
	dir := filepath.Join(root, key)
	is := fact.Job{Key: key, State: fact.JobWaiting}
	runs, err := held(filepath.Join(dir, lockFile)) // before the files: whoever lets go of it has written them
	if err != nil {
		return is, fmt.Errorf("look at job %s: %w", key, err)
	}
	switch err := read(filepath.Join(dir, resultFile), &is); {
	case err == nil:
		return is, nil
	case !errors.Is(err, fs.ErrNotExist):
		return is, fmt.Errorf("look at job %s: %w", key, err)
	}
	var b begun
	switch err := read(filepath.Join(dir, begunFile), &b); {
	case err == nil:
		is.Begun, is.State = b.At, fact.JobInterrupted
	case !errors.Is(err, fs.ErrNotExist):
		return is, fmt.Errorf("look at job %s: %w", key, err)
	}
	if runs {
		is.State = fact.JobRunning
		said, err := os.ReadFile(filepath.Join(dir, saidFile))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return is, fmt.Errorf("look at job %s: %w", key, err)
		}
		is.Said = string(said)
	}
	return is, nil
}

// begun says that a job began, and who runs it.
type begun struct {
	At     time.Time       `json:"at"`
	Runner process.Process `json:"runner"`
}

func read(path string, into any) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, into); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// keep writes a file durably: whole or not at all.
func keep(path string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return whole.Write(path, b, 0o600)
}
