package drill

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// Drill is one drill of a wing.
type Drill struct {
	Name        string
	Description string
	Rows        []string // of the specification, that it proves
	BlastRadius string
	Verifies    string
	Needs       Needs
	Reaches     bool // customers may feel it: a person confirms it
	Steps       []Action
}

// Action is one step: it returns a sentence about what was seen.
type Action struct {
	Name    string
	Timeout time.Duration
	Do      func(ctx context.Context, r *Run) (detail string, err error)
	Always  bool // also after an earlier step failed: it leaves the platform as it was
}

// Find returns the drill of that name.
func Find(all []Drill, name string) (Drill, bool) {
	for _, d := range all {
		if d.Name == name {
			return d, true
		}
	}
	return Drill{}, false
}

// Recorder keeps a report as it stands in the journal; see the API.
type Recorder interface {
	Record(ctx context.Context, sequence int, r Report) (Report, error)
}

// Run is one drill under way.
type Run struct {
	Report   Report
	Platform any // the wing's own port to the platform; its steps know its type
	Load     *Load

	FaultAt time.Time      // when the thing was done
	Notes   map[string]any // what steps hand to later steps

	recorder Recorder
	sequence int
	progress func(Report)
	log      *slog.Logger
}

// Env is what a drill runs with.
type Env struct {
	ID, Actor, Reason string
	Platform          any
	Load              *Load
	Recorder          Recorder
	Progress          func(Report) // called at each change; nil: nobody looks
	Log               *slog.Logger
}

// Execute carries the drill out and returns its report; one that ctx has ended is aborted, and
// has taken back what it did. An error means that the report could not be kept in the journal,
// which voids it.
func (d Drill) Execute(ctx context.Context, e Env) (Report, error) {
	r := &Run{
		Platform: e.Platform, Load: e.Load, Notes: map[string]any{}, recorder: e.Recorder, progress: e.Progress, log: e.Log,
		Report: Report{ID: e.ID, Drill: d.Name, Verdict: Running, Actor: e.Actor, Reason: e.Reason, Begun: time.Now().UTC(), Objectives: []Objective{}},
	}
	for _, s := range d.Steps {
		r.Report.Steps = append(r.Report.Steps, Step{Name: s.Name, State: "waiting"})
	}
	if err := r.keep(ctx); err != nil {
		return r.Report, err
	}
	failed := r.steps(ctx, d)
	r.Report.Ended = time.Now().UTC()
	r.Report.Verdict = Pass
	for _, o := range r.Report.Objectives {
		if !o.Met {
			r.Report.Verdict = Fail
		}
	}
	if failed != nil || len(r.Report.Objectives) == 0 {
		r.Report.Verdict = Fail
	}
	if failed != nil && ctx.Err() != nil {
		r.Report.Verdict = Aborted
	}
	return r.Report, r.keep(context.WithoutCancel(ctx))
}

func (r *Run) steps(ctx context.Context, d Drill) error {
	var failed error
	for i, a := range d.Steps {
		if failed != nil && !a.Always {
			continue
		}
		if err := r.step(ctx, i, a); err != nil && failed == nil {
			failed = fmt.Errorf("%s: %w", a.Name, err)
			r.Report.Error = failed.Error()
		}
	}
	return failed
}

func (r *Run) step(ctx context.Context, i int, a Action) error {
	s := &r.Report.Steps[i]
	s.State, s.Begun = "running", time.Now().UTC()
	if a.Always { // also when a person has ended the drill
		ctx = context.WithoutCancel(ctx)
	}
	if err := r.keep(ctx); err != nil {
		return err
	}
	short, cancel := context.WithTimeout(ctx, a.Timeout)
	detail, err := a.Do(short, r)
	cancel()
	s.Ended, s.State, s.Detail = time.Now().UTC(), "succeeded", detail
	if err != nil {
		s.State, s.Detail = "failed", err.Error()
	}
	return errors.Join(err, r.keep(context.WithoutCancel(ctx)))
}

// keepFor is how long a report is tried to be recorded: a server that was killed
// comes back within seconds.
const keepFor = 2 * time.Minute

// keep records the report and shows it. The server may be away for a while.
func (r *Run) keep(ctx context.Context) error {
	if r.progress != nil {
		r.progress(r.Report)
	}
	ctx, cancel := context.WithTimeout(ctx, keepFor)
	defer cancel()
	for {
		kept, err := r.recorder.Record(ctx, r.sequence, r.Report)
		if err == nil {
			r.sequence++
			r.Report.Journal = kept.Journal
			for i := range kept.Steps {
				if i < len(r.Report.Steps) {
					r.Report.Steps[i].Journal = kept.Steps[i].Journal
				}
			}
			return nil
		}
		if errors.Is(err, ErrRefused) {
			return err // it will not be taken later either
		}
		t := time.NewTimer(300 * time.Millisecond)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return fmt.Errorf("keep the drill's report in the journal: %w", err)
		}
	}
}

// Objective adds an objective to the report.
func (r *Run) Objective(o Objective) { r.Report.Objectives = append(r.Report.Objectives, o) }
