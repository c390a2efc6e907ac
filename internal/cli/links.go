package cli

import (
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/spec"
)

func (w *world) linksCommand() *cobra.Command {
	return &cobra.Command{Use: "links", Short: "Show how far regions are from each other, as declared and as measured, and what is cut", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			client, err := w.client()
			if err != nil {
				return err
			}
			var l struct {
				Items []api.Distance `json:"items"`
			}
			if err := client.Call(c.Context(), http.MethodGet, "/v1/links", "", nil, &l); err != nil {
				return err
			}
			t := table{head: []string{"FROM", "TO", "HEALTH", "DECLARED", "MEASURED", "LOSS", "LAST HEARD", "DETAIL"}}
			var names []string
			for _, d := range l.Items {
				heard := "never"
				if !d.Heard.IsZero() {
					heard = d.Heard.UTC().Format(time.RFC3339)
				}
				t.rows = append(t.rows, []string{d.From, d.To, string(d.Health), tripText(d.DeclaredSeconds), tripText(d.RoundTripSeconds), spec.Ratio(d.Loss).Percent(), heard, d.Detail})
				names = append(names, d.From+">"+d.To)
			}
			return w.print(l, t, names)
		}}
}

// tripText words a round trip.
func tripText(seconds float64) string {
	if seconds <= 0 {
		return "unknown"
	}
	return fmt.Sprintf("%.1f ms", seconds*1000)
}
