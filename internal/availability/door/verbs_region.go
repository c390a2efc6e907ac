package door

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/cli/verb"
)

func (v verbs) regions() *cobra.Command {
	return verb.List[Home]{
		Use: "regions", Short: "Show which region serves whose customers, and what moving them would mean", Path: "/v1/homes",
		Head: []string{"HOME", "SERVED BY", "ROUTE", "CELLS", "COULD MOVE TO", "NOW", "MODE", "LAG", "LOSS AT MOST", "TAKES", "WHY NOT"}, Wide: 10,
		Row: func(h Home) []string {
			return []string{
				h.Region, h.Serving, onOff(h.Open), numbers(h.Cells), h.Plan.To, yesNo(h.Plan.Ready), h.Plan.Mode,
				lagText(h.Plan), secondsText(h.Plan.LossBound), estimateText(h.Plan), h.Plan.WhyNot(),
			}
		},
		Name: func(h Home) string { return h.Region },
	}.Verb(v.World)
}

func (v verbs) route() *cobra.Command {
	c := &cobra.Command{Use: "route", Short: "See and set the regions' routing switches"}
	c.AddCommand(v.routeList(), v.routeSet())
	return c
}

func (v verbs) routeList() *cobra.Command {
	return verb.List[Route]{
		Use: "list", Short: "List the regions, whether resolvers are sent there, and why not", Path: "/v1/routes",
		Head: []string{"REGION", "SWITCH", "ANSWERED", "SERVES", "CELLS", "INSTANCES", "SEEN UP BY", "EDGE", "WHY NOT"}, Wide: 8,
		Row: func(r Route) []string {
			up := 0
			for _, a := range r.Answers {
				if a.Up {
					up++
				}
			}
			return []string{
				r.Region, onOff(r.On), yesNo(r.Open), strings.Join(r.Homes, ","), numbers(r.Cells), fmt.Sprintf("%d/%d", r.Ready, r.Wanted),
				fmt.Sprintf("%d of %d edges", up, len(r.Answers)), r.Address, r.Why,
			}
		},
		Name: func(r Route) string { return r.Region },
	}.Verb(v.World)
}

func (v verbs) routeSet() *cobra.Command {
	return verb.Action{
		Use: "set REGION on|off", Short: "Set a region's routing switch; it is refused where no region would be left to answer", Args: cobra.ExactArgs(2),
		Example: "  fournines route set us-west-2 off --reason 'maintenance'",
		Ask: func(_ context.Context, args []string, reason string) (*verb.Ask, error) {
			if args[1] != "on" && args[1] != "off" {
				return nil, verb.Exitf(verb.Misused, "%q is neither on nor off", args[1])
			}
			return &verb.Ask{
				Does:   fmt.Sprintf("set the routing switch of %s to %s", args[0], args[1]),
				Method: http.MethodPut, Path: "/v1/regions/" + verb.Escape(args[0]) + "/route",
				Body: map[string]any{"on": args[1] == "on", "reason": reason},
				Done: func(context.Context, api.Operation) error {
					v.Note("%s is %s", args[0], args[1])
					return nil
				},
			}, nil
		},
	}.Verb(v.World)
}

// numbers joins numbers by commas.
func numbers(n []int) string { return strings.Trim(strings.ReplaceAll(fmt.Sprint(n), " ", ","), "[]") }

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

func yesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "NO"
}
