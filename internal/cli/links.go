package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	availabilitydoor "github.com/greenlang/fournines/internal/availability/door"
	"github.com/greenlang/fournines/internal/spec"
)

func (w *world) linksCommand() *cobra.Command {
	return list[availabilitydoor.Distance]{
		use: "links", short: "Show how far regions are from each other, as declared and as measured, and what is cut", path: "/v1/links",
		head: []string{"FROM", "TO", "HEALTH", "DECLARED", "MEASURED", "LOSS", "LAST HEARD", "DETAIL"},
		row: func(d availabilitydoor.Distance) []string {
			heard := "never"
			if !d.Heard.IsZero() {
				heard = d.Heard.UTC().Format(time.RFC3339)
			}
			return []string{d.From, d.To, string(d.Health), tripText(d.DeclaredSeconds), tripText(d.RoundTripSeconds), spec.Ratio(d.Loss).Percent(), heard, d.Detail}
		},
		name: func(d availabilitydoor.Distance) string { return d.From + ">" + d.To },
	}.verb(w)
}

// tripText words a round trip.
func tripText(seconds float64) string {
	if seconds <= 0 {
		return "unknown"
	}
	return fmt.Sprintf("%.1f ms", seconds*1000)
}
