package door

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/greenlang/fournines/internal/cli/verb"
	"github.com/greenlang/fournines/internal/spec"
)

// The links between regions, and the copies of objects.

func (v verbs) links() *cobra.Command {
	return verb.List[Distance]{
		Use: "links", Short: "Show how far regions are from each other, as declared and as measured, and what is cut", Path: "/v1/links",
		Head: []string{"FROM", "TO", "HEALTH", "DECLARED", "MEASURED", "LOSS", "LAST HEARD", "DETAIL"},
		Row: func(d Distance) []string {
			heard := "never"
			if !d.Heard.IsZero() {
				heard = d.Heard.UTC().Format(time.RFC3339)
			}
			return []string{d.From, d.To, string(d.Health), tripText(d.DeclaredSeconds), tripText(d.RoundTripSeconds), spec.Ratio(d.Loss).Percent(), heard, d.Detail}
		},
		Name: func(d Distance) string { return d.From + ">" + d.To },
	}.Verb(v.World)
}

// tripText words a round trip.
func tripText(seconds float64) string {
	if seconds <= 0 {
		return "unknown"
	}
	return fmt.Sprintf("%.1f ms", seconds*1000)
}

func (v verbs) objects() *cobra.Command {
	c := &cobra.Command{Use: "objects", Short: "See the regions' object stores"}
	c.AddCommand(v.objectMirrors(), v.objectsStuck())
	return c
}

func (v verbs) objectMirrors() *cobra.Command {
	return verb.List[ObjectMirror]{
		Use: "mirrors", Short: "Show how far objects are copied between a region and its partner, and whether anything is lost", Path: "/v1/objects/mirrors",
		Head: []string{"FROM", "TO", "HEALTH", "LAG", "OBJECTS BEHIND", "BYTES BEHIND", "NEWEST TOOK", "COPIED", "LOST", "DETAIL"},
		Row: func(m ObjectMirror) []string {
			if m.Detail == "" && m.Compares != "" {
				m.Detail = "everything is compared: " + m.Compares
			}
			return []string{
				m.From, m.To, string(m.Health), secondsText(m.LagSeconds), fmt.Sprint(m.Objects), fmt.Sprint(m.Bytes), fmt.Sprintf("%.3f s", m.TookSeconds), fmt.Sprint(m.Copied),
				fmt.Sprint(m.Lost), m.Detail,
			}
		},
		Name: func(m ObjectMirror) string { return m.From + ">" + m.To },
	}.Verb(v.World)
}

// StuckObject is one line of the list of what cannot be copied.
type StuckObject struct {
	From   string `json:"from"`
	To     string `json:"to"`
	Bucket string `json:"bucket"`
	ObjectStuck
}

func (v verbs) objectsStuck() *cobra.Command {
	return verb.List[StuckObject]{
		Use: "stuck", Short: "Name the objects that cannot be copied to a region's partner, with why and since when",
		Head: []string{"FROM", "TO", "BUCKET", "KEY", "SINCE", "WHY"},
		Row: func(s StuckObject) []string {
			return []string{s.From, s.To, s.Bucket, fmt.Sprintf("%q", s.Key), s.Since.UTC().Format(time.RFC3339), s.Why}
		},
		Name: func(s StuckObject) string { return s.Key },
		Load: func(ctx context.Context) (out []StuckObject, err error) {
			all, err := verb.Get[struct {
				Items []ObjectMirror `json:"items"`
			}](ctx, v.World, "/v1/objects/mirrors")
			out = []StuckObject{}
			for _, m := range all.Items {
				for _, s := range m.Stuck {
					out = append(out, StuckObject{m.From, m.To, m.Bucket, s})
				}
			}
			return out, err
		},
	}.Verb(v.World)
}
