package cli

import (
	"fmt"
	"net/http"

	"github.com/spf13/cobra"

	"github.com/greenlang/fournines/internal/api"
)

func (w *world) objectsCommand() *cobra.Command {
	c := &cobra.Command{Use: "objects", Short: "See the regions' object stores"}
	c.AddCommand(w.objectMirrors())
	return c
}

func (w *world) objectMirrors() *cobra.Command {
	return &cobra.Command{Use: "mirrors", Short: "Show how far objects are copied between a region and its partner, and whether anything was lost", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			client, err := w.client()
			if err != nil {
				return err
			}
			var l struct {
				Items []api.ObjectMirror `json:"items"`
			}
			if err := client.Call(c.Context(), http.MethodGet, "/v1/objects/mirrors", "", nil, &l); err != nil {
				return err
			}
			t := table{head: []string{"FROM", "TO", "HEALTH", "LAG", "OBJECTS BEHIND", "BYTES BEHIND", "NEWEST TOOK", "COPIED", "LOST", "DETAIL"}}
			var names []string
			for _, m := range l.Items {
				if m.Detail == "" && m.Compares != "" {
					m.Detail = "everything is compared: " + m.Compares
				}
				t.rows = append(t.rows, []string{
					m.From, m.To, string(m.Health), secondsOr(m.LagSeconds), fmt.Sprint(m.Objects), fmt.Sprint(m.Bytes), fmt.Sprintf("%.3f s", m.TookSeconds), fmt.Sprint(m.Copied),
					fmt.Sprint(m.Lost), m.Detail,
				})
				names = append(names, m.From+">"+m.To)
			}
			return w.print(l, t, names)
		}}
}
