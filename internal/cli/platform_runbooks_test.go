package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/app"
	"github.com/greenlang/fournines/internal/runbook"
	runbookdoor "github.com/greenlang/fournines/internal/runbook/door"
)

// runbooks are the platform's: it has those that are shipped, and its runs go as the words of
// their reasons say.
type runbooks struct{ *platform }

func (runbooks) library() (*runbook.Library, error) {
	return runbook.Open("", app.RunbookActions(), time.Now())
}

func (r runbooks) Runbooks(context.Context) ([]runbookdoor.Runbook, error) {
	l, err := r.library()
	if err != nil {
		return nil, err
	}
	return runbookdoor.RunbooksOf(l)
}

func (r runbooks) Runbook(_ context.Context, name string) (runbookdoor.RunbookPage, error) {
	l, err := r.library()
	if err != nil {
		return runbookdoor.RunbookPage{}, err
	}
	p, ok, err := runbookdoor.PageOf(l, name)
	if !ok {
		err = fmt.Errorf("runbook %q: %w", name, api.ErrNotFound)
	}
	return p, err
}

func (r runbooks) Runs(ctx context.Context) ([]runbookdoor.RunbookRun, error) {
	x, err := r.Run(ctx, "run-waiting")
	return []runbookdoor.RunbookRun{x}, err
}

func (r runbooks) Run(_ context.Context, id string) (runbookdoor.RunbookRun, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := runbookdoor.RunbookRun{
		ID: id, Runbook: "redis-switchover", State: "succeeded", Actor: "token:amina", Begun: r.begun, Ended: r.begun.Add(3 * time.Second), First: 40, Last: 48,
		Steps: []runbookdoor.RunbookStep{
			{Name: "agree", Title: "Agree.", State: "succeeded", Attempt: 1, Begun: r.begun, Ended: r.begun.Add(time.Second), Answers: []runbookdoor.RunbookAnswer{{Says: "approve", Actor: "token:bo", Note: "fine"}}},
			{Name: "work", Title: "Work.", State: "succeeded", Attempt: 2, Begun: r.begun, Ended: r.begun.Add(time.Second), Instructions: "Do the work.\nLook at it."},
		},
	}
	last := "" // what was asked for before
	if len(r.did) > 0 {
		last = r.did[len(r.did)-1]
	}
	switch {
	case id == "run-9":
		return out, fmt.Errorf("run %q: %w", id, api.ErrNotFound)
	case id == "run-waiting" || strings.HasSuffix(last, "by hand"):
		out.State, out.At, out.Waits, out.Person, out.Ended = "running", "work", "a person who does it, and confirms", true, time.Time{}
		out.Call, out.Steps[1].State = []string{"now  Amina Diallo"}, "running"
	case strings.HasSuffix(last, "please fail"):
		out.State, out.Why, out.Steps[1].State, out.Steps[1].Error = "failed", "work: no time", "failed", "no time"
	case id == "run-paused":
		out.State, out.At, out.Waits, out.Person, out.Ended = "paused", "work", "a person: no time", true, time.Time{}
	}
	return out, nil
}

func (r runbooks) StartRun(ctx context.Context, q runbookdoor.RunRequest) (string, error) {
	id, _ := ctx.Value(key{}).(string)
	return id, r.note(ctx, q.Reason, "run", q.Runbook, q.Inputs, q.Practice)
}

func (r runbooks) AnswerRun(ctx context.Context, id string, a runbookdoor.Answer) error {
	if _, err := r.Run(ctx, id); err != nil {
		return err
	}
	return r.note(ctx, a.Reason, a.Says, id, a.Failed)
}
