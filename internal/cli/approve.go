package cli

import (
	"context"
	"net/http"

	"github.com/spf13/cobra"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/cli/verb"
)

func (w world) approveCommand() *cobra.Command {
	return w.decision("approve", "Let an operation that waits for approval run")
}

func (w world) denyCommand() *cobra.Command {
	return w.decision("deny", "End an operation that waits for approval, without any effect, or give up a step that cannot be taken back")
}

func (w world) acknowledgeCommand() *cobra.Command {
	return verb.Action{
		Use: "acknowledge FINDING", Short: "Say that you have seen to something that happened, so that it is told no more", Args: cobra.ExactArgs(1),
		Long: "FINDING is its code, '/', and its subject, as `fournines status` tells them. A finding that lasts\n" +
			"ends with its cause, and is refused here; one that happened is told until a person\n" +
			"acknowledges it. Who did, and why, is in the journal.",
		Ask: func(_ context.Context, args []string, reason string) (*verb.Ask, error) {
			return &verb.Ask{
				Does:   "acknowledge " + args[0],
				Method: http.MethodPost, Path: "/v1/findings/acknowledgements", Body: map[string]string{"finding": args[0], "reason": reason},
				Done: func(context.Context, api.Operation) error {
					w.Note("%s: acknowledged", args[0])
					return nil
				},
			}, nil
		},
	}.Verb(w.World)
}

func (w world) decision(name, short string) *cobra.Command {
	return verb.Action{
		Use: name + " ID", Short: short, Args: cobra.ExactArgs(1),
		Ask: func(_ context.Context, args []string, reason string) (*verb.Ask, error) {
			return &verb.Ask{
				Does:   name + " " + args[0],
				Method: http.MethodPost, Path: "/v1/operations/" + verb.Escape(args[0]) + "/" + name, Body: map[string]string{"reason": reason},
				Done: func(context.Context, api.Operation) error {
					w.Note("%s: %s", args[0], name)
					return nil
				},
			}, nil
		},
	}.Verb(w.World)
}
