package cli

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	availabilitydoor "github.com/greenlang/fournines/internal/availability/door"
)

func (w *world) routes(ctx context.Context) error {
	client, err := w.client()
	if err != nil {
		return err
	}
	var all struct {
		Items []availabilitydoor.Route `json:"items"`
	}
	if err := client.Call(ctx, http.MethodGet, "/v1/routes", "", nil, &all); err != nil {
		return err
	}
	t := table{head: []string{"REGION", "SWITCH", "ANSWERED", "SERVES", "CELLS", "INSTANCES", "SEEN UP BY", "EDGE", "WHY NOT"}, wide: 8}
	var names []string
	for _, r := range all.Items {
		up := 0
		for _, a := range r.Answers {
			if a.Up {
				up++
			}
		}
		t.rows = append(t.rows, []string{
			r.Region, onOff(r.On), yesNo(r.Open), strings.Join(r.Homes, ","), numbers(r.Cells), fmt.Sprintf("%d/%d", r.Ready, r.Wanted),
			fmt.Sprintf("%d of %d edges", up, len(r.Answers)), r.Address, r.Why,
		})
		names = append(names, r.Region)
	}
	return w.print(all, t, names)
}

// numbers joins numbers by commas.
func numbers(n []int) string { return strings.Trim(strings.ReplaceAll(fmt.Sprint(n), " ", ","), "[]") }

func (w *world) routeCommand() *cobra.Command {
	c := &cobra.Command{Use: "route", Short: "See and set the regions' routing switches"}
	list := &cobra.Command{Use: "list", Short: "List the regions, whether resolvers are sent there, and why not", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return w.routes(c.Context()) }}
	var reason string
	set := &cobra.Command{Use: "set REGION on|off", Short: "Set a region's routing switch; refused where nobody would be left to answer", Args: cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			if args[1] != "on" && args[1] != "off" {
				return &exitError{exitUsage, fmt.Errorf("%q is neither on nor off", args[1])}
			}
			client, err := w.client()
			if err != nil {
				return err
			}
			in := map[string]any{"on": args[1] == "on", "reason": reason}
			if err := client.Call(c.Context(), http.MethodPut, "/v1/regions/"+escape(args[0])+"/route", "", in, nil); err != nil {
				return err
			}
			w.note("%s is %s", args[0], args[1])
			return nil
		}}
	set.Flags().StringVar(&reason, "reason", "", "why; it is kept in the journal")
	_ = set.MarkFlagRequired("reason") // it exists
	c.AddCommand(list, set)
	return c
}
