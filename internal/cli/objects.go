package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	availabilitydoor "github.com/greenlang/fournines/internal/availability/door"
)

func (w *world) objectsCommand() *cobra.Command {
	c := &cobra.Command{Use: "objects", Short: "See the regions' object stores"}
	c.AddCommand(w.objectMirrors())
	return c
}

func (w *world) objectMirrors() *cobra.Command {
	return list[availabilitydoor.ObjectMirror]{
		use: "mirrors", short: "Show how far objects are copied between a region and its partner, and whether anything was lost", path: "/v1/objects/mirrors",
		head: []string{"FROM", "TO", "HEALTH", "LAG", "OBJECTS BEHIND", "BYTES BEHIND", "NEWEST TOOK", "COPIED", "LOST", "DETAIL"},
		row: func(m availabilitydoor.ObjectMirror) []string {
			if m.Detail == "" && m.Compares != "" {
				m.Detail = "everything is compared: " + m.Compares
			}
			return []string{
				m.From, m.To, string(m.Health), secondsOr(m.LagSeconds), fmt.Sprint(m.Objects), fmt.Sprint(m.Bytes), fmt.Sprintf("%.3f s", m.TookSeconds), fmt.Sprint(m.Copied),
				fmt.Sprint(m.Lost), m.Detail,
			}
		},
		name: func(m availabilitydoor.ObjectMirror) string { return m.From + ">" + m.To },
	}.verb(w)
}
