package verb

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/api/client"
	"github.com/greenlang/fournines/internal/wait"
)

// round is how often an operation is asked for while it runs.
const round = 150 * time.Millisecond

// await returns the operation once it is over, and shows each state on the way. A failed one
// is an error. A server that is away is waited for: the operation goes on under the next one.
func await(ctx context.Context, server *client.Client, id string, show func(api.Operation)) (api.Operation, error) {
	for {
		var o api.Operation
		err := server.Call(ctx, http.MethodGet, "/v1/operations/"+Escape(id), "", nil, &o)
		switch {
		case ctx.Err() != nil:
			return o, ctx.Err()
		case err != nil && !client.Away(err):
			return o, err
		case err == nil:
			show(o)
			if over, err := ended(o); over {
				return o, err
			}
		}
		wait.Sleep(ctx, round)
	}
}

// ended tells whether nothing more happens by itself, and whether that is an error.
func ended(o api.Operation) (bool, error) {
	switch o.State {
	case "succeeded":
		return true, nil
	case "failed", "rolled-back":
		return true, fmt.Errorf("%s is %s: %s", o.ID, o.State, o.Error)
	case "refused":
		return true, Exitf(Refused, "%s is refused: %s", o.ID, o.Error)
	case "waiting-approval":
		return true, Exitf(Refused, "%s waits for approval: fournines approve %s --reason …", o.ID, o.ID)
	}
	return false, nil
}

// follow returns what draws an operation's steps on standard error.
func (w *World) follow() func(api.Operation) {
	t := NewTree(w.Err)
	return func(o api.Operation) {
		lines := []Line{{Text: o.ID + "  " + o.State, Steady: o.ID}}
		for _, s := range o.Steps {
			l := Line{Text: fmt.Sprintf("  %s %s", StepMark(s.State), s.Name)}
			if s.State != "waiting" {
				l.Steady = l.Text
			}
			lines = append(lines, l)
		}
		t.Draw(lines)
	}
}

// StepMark is the state of a step in one character.
func StepMark(state string) string {
	switch state {
	case "running":
		return "…"
	case "succeeded":
		return "✔"
	case "failed":
		return "✘"
	case "undone":
		return "↶"
	}
	return "·"
}

// PrintOperation prints an operation; for people its steps.
func (w *World) PrintOperation(o api.Operation) error {
	t := Table{Head: []string{"STEP", "STATE", "AT", "SECONDS", "JOURNAL", "DETAIL"}}
	for _, s := range o.Steps {
		at, seconds := "-", "-"
		if !s.Begun.IsZero() {
			at = fmt.Sprintf("+%.2f s", s.Begun.Sub(o.Begun).Seconds())
		}
		if !s.Ended.IsZero() {
			seconds = fmt.Sprintf("%.2f", s.Ended.Sub(s.Begun).Seconds())
		}
		t.Rows = append(t.Rows, []string{s.Name, s.State, at, seconds, fmt.Sprint(s.Journal), s.Detail})
	}
	return w.Print(o, t, []string{o.ID})
}
