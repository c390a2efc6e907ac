package door

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/api/client"
	"github.com/greenlang/fournines/internal/cli/verb"
	"github.com/greenlang/fournines/internal/control"
)

func number(n int) string { return strconv.Itoa(n) }

func (v verbs) run() *cobra.Command {
	var inputs []string
	practice := false
	c := verb.Action{
		Use: "run NAME", Short: "Run a runbook, until it is over or waits for a person", Args: cobra.ExactArgs(1), Confirms: true,
		Example: "  fournines runbook run postgres-switchover --set cluster=us-east-1/postgres --reason 'kernel patch' --yes\n  fournines runbook run region-evacuate --set region=us-east-1 --practice --reason 'quarterly exercise' --yes",
		Ask: func(_ context.Context, args []string, reason string) (*verb.Ask, error) {
			given := map[string]string{}
			for _, x := range inputs {
				name, value, ok := strings.Cut(x, "=")
				if !ok {
					return nil, verb.Exitf(verb.Misused, "--set %s: write NAME=VALUE", x)
				}
				given[name] = value
			}
			id := control.NewID("run")
			does := "run " + args[0]
			if practice {
				does = "practise " + args[0]
			}
			return &verb.Ask{
				Does: does, Confirm: args[0],
				Method: http.MethodPost, Path: "/v1/runbooks/" + verb.Escape(args[0]) + "/runs", ID: id,
				Body: map[string]any{"inputs": given, "practice": practice, "reason": reason},
				Done: func(ctx context.Context, _ api.Operation) error { return v.follow(ctx, id) },
			}, nil
		},
	}.Verb(v.World)
	c.Flags().StringArrayVar(&inputs, "set", nil, "an input, as NAME=VALUE; once for each")
	c.Flags().BoolVar(&practice, "practice", false, "what reaches customers is only asked whether it could be done")
	return c
}

func (v verbs) resume() *cobra.Command {
	return verb.Action{
		Use: "resume RUN", Short: "Let a paused run go on from the step at which it stands", Args: cobra.ExactArgs(1),
		Ask: func(_ context.Context, args []string, reason string) (*verb.Ask, error) {
			return &verb.Ask{
				Does: "resume " + args[0], Method: http.MethodPost, Path: answerPath(args[0], Resume), Body: map[string]any{"reason": reason},
				Done: func(ctx context.Context, _ api.Operation) error { return v.follow(ctx, args[0]) },
			}, nil
		},
	}.Verb(v.World)
}

func answerPath(run, says string) string { return "/v1/runbook-runs/" + verb.Escape(run) + "/" + says }

// answer is a verb that says something of a run.
func (v verbs) answer(says, short string) *cobra.Command {
	return verb.Action{
		Use: says + " RUN", Short: short, Args: cobra.ExactArgs(1),
		Ask: func(_ context.Context, args []string, reason string) (*verb.Ask, error) {
			return v.said(args[0], says, map[string]any{"reason": reason}), nil
		},
	}.Verb(v.World)
}

func (v verbs) confirm() *cobra.Command {
	failed := false
	c := verb.Action{
		Use: "confirm RUN", Short: "Say that you have done the manual step that a run waits for; --reason is the note that is kept", Args: cobra.ExactArgs(1),
		Ask: func(_ context.Context, args []string, reason string) (*verb.Ask, error) {
			return v.said(args[0], Confirm, map[string]any{"reason": reason, "failed": failed}), nil
		},
	}.Verb(v.World)
	c.Flags().BoolVar(&failed, "failed", false, "it could not be done")
	return c
}

// said is the request of an answer; it prints how the run stands then.
func (v verbs) said(run, says string, body map[string]any) *verb.Ask {
	return &verb.Ask{
		Does: says + " " + run, Method: http.MethodPost, Path: answerPath(run, says), Body: body,
		Done: func(ctx context.Context, _ api.Operation) error {
			r, err := verb.Get[RunbookRun](ctx, v.World, "/v1/runbook-runs/"+verb.Escape(run))
			if err != nil {
				return err
			}
			v.Note("%s: %s; the run is %s", run, says, standing(r))
			return nil
		},
	}
}

// standing says in words how a run stands.
func standing(r RunbookRun) string {
	out := r.State
	if r.Why != "" {
		out += " (" + r.Why + ")"
	}
	if r.Waits != "" && r.State != "paused" {
		out += " at " + r.At + ", and waits for " + r.Waits
	}
	return out
}

func (v verbs) status() *cobra.Command {
	c := &cobra.Command{
		Use: "status [RUN]", Short: "Show how far runs have come; of one, every step", Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 1 {
				r, err := verb.Get[RunbookRun](c.Context(), v.World, "/v1/runbook-runs/"+verb.Escape(args[0]))
				if err != nil {
					return err
				}
				return v.print(r)
			}
			all, err := verb.Get[client.Items[RunbookRun]](c.Context(), v.World, "/v1/runbook-runs")
			if err != nil {
				return err
			}
			t := verb.Table{Head: []string{"RUN", "RUNBOOK", "STATE", "AT", "BEGUN", "WAITS FOR"}}
			var names []string
			for _, r := range all.Items {
				t.Rows = append(t.Rows, []string{r.ID, r.Runbook, r.State, verb.Dash(r.At), verb.Since(r.Begun), verb.Dash(r.Waits)})
				names = append(names, r.ID)
			}
			return v.Print(all, t, names)
		},
	}
	return c
}

// print writes one run; for people its steps, and what it waits for.
func (v verbs) print(r RunbookRun) error {
	t := verb.Table{Head: []string{"STEP", "STATE", "TRY", "SECONDS", "JOURNAL", "DETAIL"}}
	for _, s := range r.Steps {
		try, seconds, entry := "-", "-", "-"
		if s.Attempt > 0 {
			try, entry = number(s.Attempt), fmt.Sprint(s.Journal)
		}
		if !s.Ended.IsZero() {
			seconds = fmt.Sprintf("%.2f", s.Ended.Sub(s.Begun).Seconds())
		}
		t.Rows = append(t.Rows, []string{s.Name, s.State, try, seconds, entry, s.detail()})
	}
	if v.People() {
		v.Note("%s of %s is %s", r.ID, r.Runbook, standing(r))
		for _, hint := range hints(r) {
			v.Note("%s", hint)
		}
	}
	return v.Print(r, t, []string{r.ID})
}

// detail says in a line what became of a step.
func (s RunbookStep) detail() string {
	var out []string
	for _, a := range s.Answers {
		_, who, named := strings.Cut(a.Actor, ":")
		if !named {
			who = a.Actor
		}
		out = append(out, who+": "+a.Says+" ("+a.Note+")")
	}
	if s.Error != "" {
		out = append(out, s.Error)
	}
	return strings.Join(out, "; ")
}

// hints are the commands that bring a run on, the people to call, and what is to be done by hand.
func hints(r RunbookRun) []string {
	if !r.Person {
		return nil
	}
	var out []string
	for _, s := range r.Steps {
		if s.Name != r.At {
			continue
		}
		switch {
		case r.State == "paused":
			out = append(out, fmt.Sprintf("  fournines runbook resume %s --reason …   or   fournines runbook abort %s --reason …", r.ID, r.ID))
		case s.Instructions != "":
			for line := range strings.Lines(strings.TrimSpace(s.Instructions)) {
				out = append(out, "  | "+strings.TrimRight(line, "\n"))
			}
			out = append(out, fmt.Sprintf("  fournines runbook confirm %s --reason …", r.ID))
		default:
			out = append(out, fmt.Sprintf("  fournines runbook approve %s --reason …", r.ID))
		}
	}
	for _, c := range r.Call {
		out = append(out, "  call "+c)
	}
	return out
}

// round is how often a run is asked for while it goes on.
const round = 200 * time.Millisecond

// follow shows a run until it is over or waits for a person, and prints it. A run that has failed
// is an error, and one that waits has the exit code of what needs approval.
func (v verbs) follow(ctx context.Context, id string) error {
	server, err := v.Client()
	if err != nil {
		return err
	}
	tree := verb.NewTree(v.Err)
	for {
		var r RunbookRun
		err := server.Call(ctx, http.MethodGet, "/v1/runbook-runs/"+verb.Escape(id), "", nil, &r)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && !client.Away(err):
			return err
		case err == nil:
			tree.Draw(lines(r))
			if !r.Ended.IsZero() || r.Person {
				return errors.Join(v.print(r), verdict(r))
			}
		}
		t := time.NewTimer(round)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
		}
	}
}

// verdict says whether the end of a run is an error.
func verdict(r RunbookRun) error {
	switch {
	case r.State == "succeeded":
		return nil
	case r.Person:
		return verb.Exitf(verb.Refused, "%s waits for %s", r.ID, r.Waits)
	}
	return fmt.Errorf("%s is %s: %s", r.ID, r.State, r.Why)
}

// lines draw a run's steps.
func lines(r RunbookRun) []verb.Line {
	out := []verb.Line{{Text: r.ID + "  " + r.State, Steady: r.ID}}
	for _, s := range r.Steps {
		l := verb.Line{Text: fmt.Sprintf("  %s %s", verb.StepMark(s.State), s.Title)}
		if s.State != "waiting" {
			l.Steady = l.Text
		}
		out = append(out, l)
	}
	return out
}
