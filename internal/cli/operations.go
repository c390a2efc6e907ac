package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/cli/verb"
)

func (w world) operationsCommand() *cobra.Command {
	c := verb.List[api.Operation]{
		Use: "operations", Short: "List what was and is being done", Path: "/v1/operations", Of: "operations",
		Filters: []verb.Filter{{Name: "state", Help: "only in this state"}, {Name: "kind", Help: "only of this kind"}, {Name: "subject", Help: "only on this subject"}},
		Head:    []string{"OPERATION", "KIND", "SUBJECT", "STATE", "BEGUN", "SECONDS", "REASON", "ERROR"}, Wide: 7,
		Row: func(o api.Operation) []string {
			seconds := "-"
			if !o.Ended.IsZero() {
				seconds = fmt.Sprintf("%.2f", o.Ended.Sub(o.Begun).Seconds())
			}
			return []string{o.ID, o.Kind, o.Subject, o.State, verb.Since(o.Begun), seconds, o.Reason, o.Error}
		},
		Name: func(o api.Operation) string { return o.ID },
	}.Verb(w.World)
	c.AddCommand(&cobra.Command{Use: "show ID", Short: "Show one operation with its steps", Args: cobra.ExactArgs(1), RunE: w.showOperation})
	return c
}

func (w world) showOperation(c *cobra.Command, args []string) error {
	o, err := verb.Get[api.Operation](c.Context(), w.World, "/v1/operations/"+verb.Escape(args[0]))
	if err != nil {
		return err
	}
	if w.People() {
		fmt.Fprintf(w.Out, "%s on %s: %s\nreason  %s\nactor   %s\njournal %d to %d\n", o.Kind, o.Subject, o.State, o.Reason, o.Actor, o.First, o.Last) //nolint:errcheck // nobody is left to tell
		if o.Error != "" {
			fmt.Fprintf(w.Out, "error   %s\n", o.Error) //nolint:errcheck // nobody is left to tell
		}
		fmt.Fprintln(w.Out) //nolint:errcheck // nobody is left to tell
	}
	return w.PrintOperation(o)
}
