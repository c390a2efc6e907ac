package cli

import (
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/greenlang/fournines/internal/evidence"
)

func (w *world) alertsCommand() *cobra.Command {
	c := &cobra.Command{Use: "alerts", Short: "List what people are told of, and try whether they can be told"}
	c.AddCommand(w.alertsList(), w.alertsTest())
	return c
}

func (w *world) alertsList() *cobra.Command {
	return list[evidence.Alert]{
		use: "list", short: "List alerts that fire, and those resolved within a day", path: "/v1/alerts",
		head: []string{"STATE", "SEVERITY", "SINCE", "SOURCE", "TITLE", "PRACTICE", "ENTRY", "SHOWS MORE"}, wide: 6,
		row: func(a evidence.Alert) []string {
			practice := ""
			if a.Practice {
				practice = "practice"
			}
			return []string{a.State, a.Severity, a.Since.UTC().Format(time.RFC3339), a.Source, a.Title, practice, number(float64(a.Entry)), a.Command}
		},
		name: func(a evidence.Alert) string { return a.Key },
	}.verb(w)
}

func (w *world) alertsTest() *cobra.Command {
	var reason string
	c := &cobra.Command{Use: "test NOTIFIER", Short: "Send a test alert, and its end, through a notifier of the platform file", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			client, err := w.client()
			if err != nil {
				return err
			}
			if err := client.Call(c.Context(), http.MethodPost, "/v1/notifiers/"+escape(args[0])+"/test", "", map[string]string{"reason": reason}, nil); err != nil {
				return err
			}
			w.note("%s has taken the alert and its end", args[0])
			return nil
		}}
	c.Flags().StringVar(&reason, "reason", "try whether alerts arrive", "why; it stands in the alert")
	return c
}
