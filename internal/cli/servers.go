package cli

import (
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/greenlang/fournines/internal/api"
)

func (w *world) serversCommand() *cobra.Command {
	return &cobra.Command{Use: "servers", Short: "Show the servers of the control plane: who leads, and who holds how much of the journal", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			client, err := w.client()
			if err != nil {
				return err
			}
			var s api.Status
			if err := client.Call(c.Context(), http.MethodGet, "/v1/status", "", nil, &s); err != nil {
				return err
			}
			t := table{head: []string{"SERVER", "ROLE", "HEALTH", "ENTRIES", "ADDRESS", "SINCE", "DETAIL"}, wide: 6}
			var names []string
			for _, v := range s.Servers {
				since := ""
				if !v.Started.IsZero() {
					since = v.Started.UTC().Format(time.RFC3339)
				}
				t.rows = append(t.rows, []string{v.Name, v.Role, string(v.Health), fmt.Sprint(v.Entries), v.Address, since, v.Detail})
				names = append(names, v.Name)
			}
			return w.print(map[string]any{"items": s.Servers}, t, names)
		}}
}
