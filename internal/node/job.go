package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/driver/job"
	"github.com/greenlang/fournines/internal/fact"
)

// Job is one run of a program beside a unit, which happens at most once for its key. It works in
// the unit's home and as its user, so that a fence of the unit ends it; beside a fenced unit it
// does not begin. It goes on when the node dies, and ends when it leaves the assignment.
type Job struct {
	Key      string   `json:"key"` // letters, digits, '.', '_' and '-'
	Unit     string   `json:"unit"`
	Argv     []string `json:"argv"` // absolute path first; "{home}" is the unit's
	Env      []string `json:"env"`
	Deadline Seconds  `json:"deadline_seconds"` // after it has begun
}

const (
	jobsEvery = 500 * time.Millisecond
	// jobsKept is how long what has left the assignment is known by its key on disk.
	jobsKept = 7 * 24 * time.Hour
)

// jobsDir holds the jobs of a zone, outside of every unit's home: who runs one outlives a fence,
// and tells how it ended.
func (n *Node) jobsDir() string { return filepath.Join(n.Dir, "jobs") }

// work keeps the jobs as the assignment wants them until ctx ends; they live on.
func (n *Node) work(ctx context.Context) {
	for ctx.Err() == nil {
		n.mu.Lock()
		a := n.current
		n.mu.Unlock()
		n.noteJobs(n.ensureJobs(a))
		if a.Version != "" { // without one nobody knows what is wanted
			n.endJobs(a.Jobs)
		}
		pause(ctx, jobsEvery)
	}
}

func (n *Node) noteJobs(now []fact.Job) {
	n.mu.Lock()
	changed := !slices.Equal(now, n.jobs)
	n.jobs = now
	n.mu.Unlock()
	if changed {
		n.news()
	}
}

// ensureJobs lets every job run that may, and returns how far each is.
func (n *Node) ensureJobs(a Assignment) []fact.Job {
	var out []fact.Job
	for _, j := range a.Jobs {
		is, err := n.ensureJob(a, j)
		if is.Key = j.Key; err != nil {
			is.Error = err.Error()
			if is.State == "" {
				is.State = fact.JobWaiting
			}
		}
		out = append(out, is)
	}
	return out
}

func (n *Node) ensureJob(a Assignment, j Job) (fact.Job, error) {
	if !slices.ContainsFunc(a.Units, func(u Unit) bool { return u.Name == j.Unit }) {
		return fact.Job{}, errors.New("it works beside the unit " + j.Unit + ", which this zone does not run")
	}
	home := Home(n.Dir, j.Unit)
	_, fenced, err := readFence(home + ".fenced")
	if _, demanded := a.Fenced[j.Unit]; fenced || demanded || err != nil {
		is, unseen := job.Look(n.jobsDir(), j.Key) // it may have begun before
		if is.State == fact.JobWaiting && err == nil {
			err = errors.New("the unit " + j.Unit + " is fenced")
		}
		return is, errors.Join(err, unseen)
	}
	if _, err := os.Stat(home); err != nil { // a job that cannot work there has begun all the same, and is over
		return fact.Job{}, fmt.Errorf("the unit %s has not begun yet: %w", j.Unit, err)
	}
	fill := strings.NewReplacer("{home}", home)
	wanted := job.Job{Key: j.Key, Dir: home, UID: n.Host.UID, GID: n.Host.GID, Deadline: j.Deadline.D(), Env: []string{"HOME=" + home}}
	for _, a := range j.Argv {
		wanted.Argv = append(wanted.Argv, fill.Replace(a))
	}
	for _, e := range j.Env {
		wanted.Env = append(wanted.Env, fill.Replace(e))
	}
	is, err := job.Ensure(n.jobsDir(), wanted, n.Runner)
	if errors.Is(err, job.ErrOther) { // the first one counts, whatever it is called with now
		return job.Look(n.jobsDir(), j.Key)
	}
	return is, err
}

// endJobs ends what runs and is wanted no more, and forgets what ended long ago.
func (n *Node) endJobs(wanted []Job) {
	entries, err := os.ReadDir(n.jobsDir())
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		n.Log.Error("cannot look for jobs to end", "err", err)
	}
	for _, e := range entries {
		if slices.ContainsFunc(wanted, func(j Job) bool { return j.Key == e.Name() }) {
			continue
		}
		is, err := job.Look(n.jobsDir(), e.Name())
		switch {
		case err != nil:
		case is.State == fact.JobRunning:
			err = job.End(n.jobsDir(), e.Name())
		case time.Since(is.Begun) > jobsKept && (is.State == fact.JobEnded || is.State == fact.JobInterrupted):
			err = os.RemoveAll(filepath.Join(n.jobsDir(), e.Name()))
		}
		if err != nil {
			n.Log.Error("cannot end a job that is wanted no more", "job", e.Name(), "err", err)
		}
	}
}
