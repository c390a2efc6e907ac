package verb

import (
	"bufio"
	"context"
	"errors"
	"io"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/greenlang/fournines/internal/api"
)

// Action is a verb that changes something. It asks for a reason, has the server say with
// --dry-run whether it would be done now, has the name of what it reaches typed unless --yes is given, sends one request,
// waits for the operation that the request begins, and prints how it ended.
type Action struct {
	Use, Short, Long, Example string
	Args                      cobra.PositionalArgs

	Reason   string // when none is given; empty: --reason is required
	NoReason bool   // the API takes none
	Confirms bool   // the name is typed, or --yes is given

	// Ask makes the request of what was typed. A nil Ask says that there is nothing left to do.
	Ask func(ctx context.Context, args []string, reason string) (*Ask, error)
	// Plan prints what --plan and --dry-run answer before the server is asked whether it would be
	// done now, where that is more than Ask.Does; nil: the action has no --plan.
	Plan func(ctx context.Context, args []string) error
}

// Ask is one request for a change.
type Ask struct {
	Does    string // in words that follow "would", such as "move the leader of us-east-1/postgres"
	Confirm string // the name to type, where the action confirms

	Method, Path string
	ID           string // makes a repeat of the request harmless; empty: it has none
	Body         any    // sent as JSON; nil: nothing
	Answer       any    // pointer to what the server answers with; nil: nothing is read

	Operation string // id of the operation that the request begins; empty: its answer is the end
	// Follow shows how far the operation is, until its context ends. It may be nil.
	Follow func(ctx context.Context)
	// Done prints how it ended. Nil: the operation's steps are shown while they run, and printed.
	Done func(ctx context.Context, o api.Operation) error
}

// flags are what was given to an action.
type flags struct {
	reason   string
	yes, dry bool
}

// Verb returns the command.
func (a Action) Verb(w *World) *cobra.Command {
	given := &flags{}
	c := &cobra.Command{Use: a.Use, Short: a.Short, Long: a.Long, Example: a.Example, Args: a.Args}
	c.RunE = func(c *cobra.Command, args []string) error { return a.run(c.Context(), w, args, given) }
	f := c.Flags()
	if !a.NoReason {
		f.StringVar(&given.reason, "reason", a.Reason, "why; it is kept in the journal")
	}
	if a.Confirms {
		Yes(c, &given.yes)
	}
	dry := "have the server say whether it would be done now, and do nothing"
	if a.Plan != nil {
		f.BoolVar(&given.dry, "plan", false, "say what would happen, how long it takes, and what would be lost; do nothing")
		dry = "the same as --plan"
	}
	f.BoolVar(&given.dry, "dry-run", false, dry)
	return c
}

func (a Action) run(ctx context.Context, w *World, args []string, given *flags) error {
	if given.dry && a.Plan != nil {
		if err := a.Plan(ctx, args); err != nil {
			return err
		}
	}
	if given.dry && given.reason == "" {
		given.reason = "a dry run" // it is checked, and kept nowhere
	}
	if strings.TrimSpace(given.reason) == "" && !a.NoReason {
		return Exitf(Misused, "--reason is needed: it is kept in the journal")
	}
	ask, err := a.Ask(ctx, args, given.reason)
	if err != nil || ask == nil {
		return err
	}
	if given.dry {
		return ask.tryOut(ctx, w)
	}
	if a.Confirms {
		if err := w.Confirm(ask.Does, ask.Confirm, given.yes); err != nil {
			return err
		}
	}
	return ask.carryOut(ctx, w)
}

// tryOut asks the server whether it would carry the request out now: the guards are those of the
// action itself, and nothing is done or recorded.
func (a *Ask) tryOut(ctx context.Context, w *World) error {
	server, err := w.Client()
	if err != nil {
		return err
	}
	sign := "?"
	if strings.Contains(a.Path, "?") {
		sign = "&"
	}
	if err := server.Call(ctx, a.Method, a.Path+sign+"dry_run=true", a.ID, a.Body, nil); err != nil {
		return err
	}
	w.Note("would %s", a.Does)
	return nil
}

// carryOut sends the request and prints how it ended.
func (a *Ask) carryOut(ctx context.Context, w *World) error {
	server, err := w.Client()
	if err != nil {
		return err
	}
	if err := server.Call(ctx, a.Method, a.Path, a.ID, a.Body, a.Answer); err != nil {
		return err
	}
	var o api.Operation
	if a.Operation != "" {
		show := func(api.Operation) {}
		if a.Done == nil {
			show = w.follow()
		}
		following, stop := context.WithCancel(ctx)
		var wg sync.WaitGroup
		if a.Follow != nil {
			wg.Go(func() { a.Follow(following) })
		}
		o, err = await(ctx, server, a.Operation, show)
		stop()
		wg.Wait()
		if err != nil {
			return err
		}
	}
	if a.Done != nil {
		return a.Done(ctx, o)
	}
	return w.PrintOperation(o)
}

var errNotConfirmed = errors.New("not confirmed; nothing was done (--yes confirms without asking)")

// Yes adds the flag that confirms without asking.
func Yes(c *cobra.Command, yes *bool) { c.Flags().BoolVar(yes, "yes", false, "do not ask") }

// Confirm has the name typed, unless yes was given. Where nobody types, as in a pipe, the answer
// is no.
func (w *World) Confirm(does, name string, yes bool) error {
	if yes {
		return nil
	}
	w.Note("%s\nType %s to go on:", does, name)
	text, err := bufio.NewReader(w.In).ReadString('\n')
	if strings.TrimSpace(text) == name {
		return nil
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return Exit(Misused, errors.Join(errNotConfirmed, err))
}
