package door

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/greenlang/fournines/internal/cli/verb"
	"github.com/greenlang/fournines/internal/control"
)

func (v verbs) evacuate() *cobra.Command {
	var q MoveRequest
	var graceful, ungraceful bool
	var without []string
	request := func() (MoveRequest, error) {
		switch {
		case graceful && ungraceful:
			return q, verb.Exitf(verb.Misused, "--graceful and --ungraceful exclude each other")
		case graceful:
			q.Mode = "graceful"
		case ungraceful:
			q.Mode = "ungraceful"
		}
		q.Without = without
		return q, nil
	}
	c := v.move("evacuate", "served by its partner", request, verb.Action{
		Short: "Serve a region's customers from its partner region",
		Long: `Serve a region's customers from its partner: fence the region, promote the partner, start the application there, switch routing, verify with writes.
Graceful where the region answers: nothing is lost. Ungraceful where it does not: writes that are not copied yet are lost, and --plan says how much that could be.
It resumes after any crash, and can be taken back until the step "promote".`,
		Example: "  fournines evacuate us-east-1 --plan\n  fournines evacuate us-east-1 --reason 'fire in the building' --yes\n  fournines evacuate us-east-1 --practice --reason 'quarterly exercise' --yes",
	})
	f := c.Flags()
	f.BoolVar(&graceful, "graceful", false, "hand over without loss; refused where the region does not answer")
	f.BoolVar(&ungraceful, "ungraceful", false, "do not wait for the region: fence it and go")
	f.BoolVar(&q.Practice, "practice", false, "an exercise: graceful, and counted as one in the evidence")
	f.BoolVar(&q.AcceptLoss, "accept-loss", false, "go on although more could be lost than the target allows")
	f.BoolVar(&q.Dark, "region-is-dark", false, "vouch that the region is without power; no proof of that is waited for")
	leaveObjects(c, &without)
	return c
}

func leaveObjects(c *cobra.Command, keys *[]string) {
	c.Flags().StringArrayVar(keys, "leave-object", nil, "go on without the object with this `KEY`, which cannot be copied (fournines objects stuck); it stays where it is. May be repeated")
}

func (v verbs) restore() *cobra.Command {
	var without []string
	request := func() (MoveRequest, error) { return MoveRequest{Without: without}, nil }
	c := v.move("restore", "served there again", request, verb.Action{
		Short:   "Bring an evacuated region's customers home, without loss",
		Long:    "Bring an evacuated region's customers home: its databases follow first, then everything moves as in a graceful evacuation.",
		Example: "  fournines restore us-east-1 --plan\n  fournines restore us-east-1 --reason 'power is back' --yes",
	})
	leaveObjects(c, &without)
	return c
}

// move is what evacuate and restore have in common: where the customers are afterwards, and
// in a the words of either.
func (v verbs) move(name, afterwards string, request func() (MoveRequest, error), a verb.Action) *cobra.Command {
	ask := false
	a.Use, a.Args, a.Confirms = name+" REGION", cobra.ExactArgs(1), true
	a.Plan = func(ctx context.Context, args []string) error {
		q, err := request()
		if err != nil {
			return err
		}
		return v.plan(ctx, name, args[0], q)
	}
	a.Ask = func(_ context.Context, args []string, reason string) (*verb.Ask, error) {
		q, err := request()
		if err != nil {
			return nil, err
		}
		q.Reason, q.Approve = reason, !ask
		id := control.NewID(name)
		return &verb.Ask{
			Does:    fmt.Sprintf("%s %s: all of its customers are %s afterwards", name, args[0], afterwards),
			Confirm: args[0],
			Method:  http.MethodPost, Path: "/v1/homes/" + verb.Escape(args[0]) + "/" + name, ID: id, Operation: id, Body: q,
		}, nil
	}
	c := a.Verb(v.World)
	c.Flags().BoolVar(&ask, "ask", false, "leave the approval to another person: fournines approve ID")
	return c
}

// plan prints what moving the home of a region would mean now, as it is asked for.
func (v verbs) plan(ctx context.Context, name, region string, q MoveRequest) error {
	flag := map[bool]string{true: "true"}
	p, err := verb.Get[MovePlan](ctx, v.World, "/v1/homes/"+verb.Escape(region)+"/plan?"+
		verb.Query("verb", name, "mode", q.Mode, "practice", flag[q.Practice], "accept_loss", flag[q.AcceptLoss], "region_is_dark", flag[q.Dark])+leftQuery(q.Without))
	if err != nil {
		return err
	}
	t := verb.Table{Head: []string{"PLAN", ""}, Rows: [][]string{
		{"move", p.Home + ": " + p.From + " → " + p.To + ", " + p.Mode},
		{"possible now", yesNo(p.Ready) + strings.TrimRight(" "+p.WhyNot(), " ")},
		{"lag", lagText(p)}, {"lag of objects", objectsText(p)}, {"lag of topics", recordsText(p)}, {"lost at most", secondsText(p.LossBound)}, {"takes", estimateText(p)},
		{"steps", strings.Join(p.Steps, " → ")}, {"no way back from", p.NoReturn},
	}}
	if !p.LastMoved.IsZero() {
		t.Rows = append(t.Rows, []string{"last moved", p.LastMoved.UTC().Format(time.RFC3339) + " (" + p.LastReason + ")"})
	}
	return v.Print(p, t, []string{p.Home})
}

func secondsText(s float64) string {
	if s < 0 {
		return "unknown"
	}
	return fmt.Sprintf("%.1f s", s)
}

func lagText(p MovePlan) string {
	if p.LagBytes < 0 {
		return "unknown"
	}
	return fmt.Sprintf("%d B, %s", p.LagBytes, secondsText(p.LagSeconds))
}

func objectsText(p MovePlan) string {
	if p.Objects < 0 {
		return "unknown"
	}
	text := fmt.Sprintf("%d versions, %s", p.Objects, secondsText(p.ObjectsLag))
	if p.StuckCount > 0 {
		text += fmt.Sprintf("; %d cannot be copied", p.StuckCount)
	}
	return text
}

// leftQuery adds the keys that a plan goes on without.
func leftQuery(keys []string) string {
	if len(keys) == 0 {
		return ""
	}
	return "&" + url.Values{"leave_object": keys}.Encode()
}

func recordsText(p MovePlan) string {
	if p.Records < 0 {
		return "unknown"
	}
	return fmt.Sprintf("%d records, %s", p.Records, secondsText(p.RecordsLag))
}

func estimateText(p MovePlan) string {
	if p.Measured == 0 {
		return "never measured"
	}
	return fmt.Sprintf("%.1f s (median of %d)", p.Estimate, p.Measured)
}
