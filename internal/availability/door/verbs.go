package door

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/cli/verb"
	"github.com/greenlang/fournines/internal/control"
)

// verbs are how people at a terminal reach the wing.
type verbs struct{ *verb.World }

// Verbs returns the wing's verbs for the command line.
func Verbs(w *verb.World) []verb.Grouped {
	v := verbs{w}
	return []verb.Grouped{
		{Group: "see", Command: v.readiness()}, {Group: "see", Command: v.regions()}, {Group: "see", Command: v.links()}, {Group: "see", Command: v.objects()},
		{Group: "act", Command: v.switchover()}, {Group: "act", Command: v.kafka()}, {Group: "act", Command: v.evacuate()}, {Group: "act", Command: v.restore()},
		{Group: "act", Command: v.route()},
	}
}

func (v verbs) readiness() *cobra.Command {
	return verb.List[api.Readiness]{
		Use: "readiness", Short: "Show whether each cluster could fail over right now, to which member, and if not why not", Path: "/v1/readiness",
		Long: "Show whether each cluster could fail over right now, to which member, and if not why not.\nExit 3 when one of them could not.",
		Head: []string{"CLUSTER", "READY", "LEADER", "CANDIDATES", "WHY NOT"},
		Row: func(r api.Readiness) []string {
			ready := "no"
			switch {
			case r.Alone:
				ready = "alone"
			case r.Ready:
				ready = "yes"
			}
			return []string{r.Cluster, ready, verb.Dash(r.Leader), verb.Dash(strings.Join(r.Candidates, ",")), strings.Join(r.Reasons, "; ")}
		},
		Name: func(r api.Readiness) string { return r.Cluster },
		After: func(all []api.Readiness) error {
			bad := 0
			for _, r := range all {
				if !r.Ready && !r.Alone {
					bad++
				}
			}
			if bad == 0 {
				return nil
			}
			return verb.Exitf(verb.Missed, "%d of %d clusters could not fail over now", bad, len(all))
		},
	}.Verb(v.World)
}

func (v verbs) switchover() *cobra.Command {
	candidate := ""
	c := verb.Action{
		Use: "switchover CLUSTER", Short: "Move a cluster's leader on purpose, without client errors", Args: cobra.ExactArgs(1), Confirms: true,
		Example: "  fournines switchover us-east-1/postgres --reason 'kernel patch' --yes",
		Ask: func(_ context.Context, args []string, reason string) (*verb.Ask, error) {
			id := control.NewID("switchover")
			return &verb.Ask{
				Does:    fmt.Sprintf("move the leader of %s; clients wait at the edge for a moment", args[0]),
				Confirm: args[0],
				Method:  http.MethodPost, Path: "/v1/switchovers", ID: id, Operation: id,
				Body: map[string]any{"cluster": args[0], "candidate": candidate, "reason": reason},
			}, nil
		},
	}.Verb(v.World)
	c.Flags().StringVar(&candidate, "to", "", "component to lead; the most advanced by default")
	return c
}
