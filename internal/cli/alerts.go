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
	return &cobra.Command{Use: "list", Short: "List alerts that fire, and those resolved within a day", Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error {
		client, err := w.client()
		if err != nil {
			return err
		}
		var l struct {
			Items []evidence.Alert `json:"items"`
		}
		if err := client.Call(c.Context(), http.MethodGet, "/v1/alerts", "", nil, &l); err != nil {
			return err
		}
		t := table{head: []string{"STATE", "SEVERITY", "SINCE", "SOURCE", "TITLE", "PRACTICE", "ENTRY", "SHOWS MORE"}, wide: 6}
		var names []string
		for _, a := range l.Items {
			practice := ""
			if a.Practice {
				practice = "practice"
			}
			t.rows = append(t.rows, []string{a.State, a.Severity, a.Since.UTC().Format(time.RFC3339), a.Source, a.Title, practice, number(float64(a.Entry)), a.Command})
			names = append(names, a.Key)
		}
		return w.print(l, t, names)
	}}
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
