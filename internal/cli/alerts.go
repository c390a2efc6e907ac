package cli

import (
	"context"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/cli/verb"
	"github.com/greenlang/fournines/internal/evidence"
)

func (w world) alertsCommand() *cobra.Command {
	c := &cobra.Command{Use: "alerts", Short: "List the alerts that people get, and try whether one arrives"}
	c.AddCommand(w.alertsList(), w.alertsTest())
	return c
}

func (w world) alertsList() *cobra.Command {
	return verb.List[evidence.Alert]{
		Use: "list", Short: "List alerts that fire, and those resolved within a day", Path: "/v1/alerts",
		Head: []string{"STATE", "SEVERITY", "SINCE", "SOURCE", "TITLE", "PRACTICE", "ENTRY", "SHOWS MORE"}, Wide: 6,
		Row: func(a evidence.Alert) []string {
			practice := ""
			if a.Practice {
				practice = "practice"
			}
			return []string{a.State, a.Severity, a.Since.UTC().Format(time.RFC3339), a.Source, a.Title, practice, number(float64(a.Entry)), a.Command}
		},
		Name: func(a evidence.Alert) string { return a.Key },
	}.Verb(w.World)
}

func (w world) alertsTest() *cobra.Command {
	return verb.Action{
		Use: "test NOTIFIER", Short: "Send a test alert, and its end, through a notifier of the platform file", Args: cobra.ExactArgs(1), Reason: "try whether alerts arrive",
		Ask: func(_ context.Context, args []string, reason string) (*verb.Ask, error) {
			return &verb.Ask{
				Does:   "send a test alert, and its end, through " + args[0],
				Method: http.MethodPost, Path: "/v1/notifiers/" + verb.Escape(args[0]) + "/test", Body: map[string]string{"reason": reason},
				Done: func(context.Context, api.Operation) error {
					w.Note("%s has taken the alert and its end", args[0])
					return nil
				},
			}, nil
		},
	}.Verb(w.World)
}
