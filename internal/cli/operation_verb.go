package cli

import (
	"context"
	"net/http"

	"github.com/spf13/cobra"

	"github.com/greenlang/fournines/internal/control"
)

// operationVerb is what verbs that begin an operation have in common: a reason, a confirmation, and
// a look at what would be done.
type operationVerb struct {
	reason   string
	yes, dry bool
}

func (d *operationVerb) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&d.reason, "reason", "", "why; it is kept in the journal")
	f.BoolVar(&d.yes, "yes", false, "do not ask")
	f.BoolVar(&d.dry, "dry-run", false, "say what would be done, and do nothing")
	_ = c.MarkFlagRequired("reason") // it exists
}

// begin asks for an operation on subject and shows its steps until it is over. what says
// what it does; in is what is asked for beside the reason.
func (d *operationVerb) begin(ctx context.Context, w *world, verb, subject, what, path string, in map[string]any) error {
	if d.dry {
		w.note("would do: %s", what)
		return nil
	}
	if err := w.confirm(d.yes, what, subject); err != nil {
		return err
	}
	client, err := w.client()
	if err != nil {
		return err
	}
	id := control.NewID(verb)
	in["reason"] = d.reason
	if err := client.Call(ctx, http.MethodPost, path, id, in, nil); err != nil {
		return err
	}
	o, err := w.follow(ctx, client, id)
	if err != nil {
		return err
	}
	return w.print(o, stepTable(o.Steps, o.Begun), []string{o.ID})
}
