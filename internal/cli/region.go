package cli

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/api/client"
	availabilitydoor "github.com/greenlang/fournines/internal/availability/door"
	"github.com/greenlang/fournines/internal/control"
)

type homeList struct {
	Items []availabilitydoor.Home `json:"items"`
}

func (w *world) homes(ctx context.Context) (homeList, error) {
	var out homeList
	client, err := w.client()
	if err != nil {
		return out, err
	}
	return out, client.Call(ctx, http.MethodGet, "/v1/homes", "", nil, &out)
}

func (w *world) regionsCommand() *cobra.Command {
	return &cobra.Command{Use: "regions", Short: "Show which region serves whose customers, and what moving them would mean", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			all, err := w.homes(c.Context())
			if err != nil {
				return err
			}
			t := table{head: []string{"HOME", "SERVED BY", "ROUTE", "CELLS", "COULD MOVE TO", "NOW", "MODE", "LAG", "LOSS AT MOST", "TAKES", "WHY NOT"}, wide: 10}
			var names []string
			for _, h := range all.Items {
				t.rows = append(t.rows, []string{
					h.Region, h.Serving, onOff(h.Open), numbers(h.Cells), h.Plan.To, yesNo(h.Plan.Ready), h.Plan.Mode,
					lagText(h.Plan), secondsOr(h.Plan.LossBound), estimateText(h.Plan), h.Plan.WhyNot(),
				})
				names = append(names, h.Region)
			}
			return w.print(all, t, names)
		}}
}

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

func secondsOr(v float64) string {
	if v < 0 {
		return "unknown"
	}
	return fmt.Sprintf("%.1f s", v)
}

func lagText(p availabilitydoor.MovePlan) string {
	if p.LagBytes < 0 {
		return "unknown"
	}
	return fmt.Sprintf("%d B, %s", p.LagBytes, secondsOr(p.LagSeconds))
}

func objectsText(p availabilitydoor.MovePlan) string {
	if p.Objects < 0 {
		return "unknown"
	}
	return fmt.Sprintf("%d versions, %s", p.Objects, secondsOr(p.ObjectsLag))
}

func estimateText(p availabilitydoor.MovePlan) string {
	if p.Measured == 0 {
		return "never measured"
	}
	return fmt.Sprintf("%.1f s (median of %d)", p.Estimate, p.Measured)
}

func (w *world) evacuateCommand() *cobra.Command {
	var q availabilitydoor.MoveRequest
	var graceful, ungraceful, ask bool
	c := &cobra.Command{Use: "evacuate REGION", Short: "Serve a region's customers from its partner region", Args: cobra.ExactArgs(1),
		Long: `Serve a region's customers from its partner: fence the region, promote the partner, start the application there, switch routing, verify with writes.
Graceful where the region answers: nothing is lost. Ungraceful where it does not: what had not been copied is lost, and --plan says how much that could be.
It resumes after any crash, and can be taken back until the step "promote".`,
		Example: "  fournines evacuate us-east-1 --plan\n  fournines evacuate us-east-1 --reason 'fire in the building' --yes\n  fournines evacuate us-east-1 --practice --reason 'quarterly exercise' --yes",
	}
	m := moveCommand{w: w, verb: "evacuate", q: &q, ask: &ask}
	c.RunE = func(c *cobra.Command, args []string) error {
		switch {
		case graceful && ungraceful:
			return &exitError{exitUsage, fmt.Errorf("--graceful and --ungraceful exclude each other")}
		case graceful:
			q.Mode = "graceful"
		case ungraceful:
			q.Mode = "ungraceful"
		}
		return m.run(c.Context(), args[0])
	}
	m.flags(c)
	f := c.Flags()
	f.BoolVar(&graceful, "graceful", false, "hand over without loss; refused where the region does not answer")
	f.BoolVar(&ungraceful, "ungraceful", false, "do not wait for the region: fence it and go")
	f.BoolVar(&q.Practice, "practice", false, "an exercise: graceful, and counted as one in the evidence")
	f.BoolVar(&q.AcceptLoss, "accept-loss", false, "go on although more could be lost than the target allows")
	f.BoolVar(&q.Dark, "region-is-dark", false, "vouch that the region is without power; no proof of that is waited for")
	return c
}

func (w *world) restoreCommand() *cobra.Command {
	var q availabilitydoor.MoveRequest
	var ask bool
	c := &cobra.Command{Use: "restore REGION", Short: "Bring an evacuated region's customers home, without loss", Args: cobra.ExactArgs(1),
		Long:    "Bring an evacuated region's customers home: its databases follow first, then everything moves as in a graceful evacuation.",
		Example: "  fournines restore us-east-1 --plan\n  fournines restore us-east-1 --reason 'power is back' --yes",
	}
	m := moveCommand{w: w, verb: "restore", q: &q, ask: &ask}
	c.RunE = func(c *cobra.Command, args []string) error { return m.run(c.Context(), args[0]) }
	m.flags(c)
	return c
}

// moveCommand is what evacuate and restore have in common.
type moveCommand struct {
	w         *world
	verb      string
	q         *availabilitydoor.MoveRequest
	ask       *bool
	plan, yes bool
}

func (m *moveCommand) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&m.q.Reason, "reason", "", "why; it is kept in the journal")
	f.BoolVar(&m.plan, "plan", false, "say what would happen, how long, and what would be lost; do nothing")
	f.BoolVar(&m.plan, "dry-run", false, "the same as --plan")
	f.BoolVar(&m.yes, "yes", false, "do not ask; you approve it")
	f.BoolVar(m.ask, "ask", false, "leave the approval to somebody else: fournines approve ID")
}

func (m *moveCommand) run(ctx context.Context, region string) error {
	all, err := m.w.homes(ctx)
	if err != nil {
		return err
	}
	for _, h := range all.Items {
		if h.Region == region && m.plan {
			return m.w.printMove(h.Plan)
		}
	}
	switch {
	case m.plan:
		return fmt.Errorf("nobody's home is %s; `fournines regions` shows the homes", region)
	case m.q.Reason == "":
		return &exitError{exitUsage, fmt.Errorf("--reason is needed: it is kept in the journal")}
	}
	if err := m.w.confirm(m.yes, fmt.Sprintf("%ss %s: all of its customers are served by another region afterwards", m.verb, region), region); err != nil {
		return err
	}
	client, err := m.w.client()
	if err != nil {
		return err
	}
	id := control.NewID(m.verb)
	m.q.Approve = !*m.ask
	if err := client.Call(ctx, http.MethodPost, "/v1/homes/"+escape(region)+"/"+m.verb, id, m.q, nil); err != nil {
		return err
	}
	o, err := m.w.follow(ctx, client, id)
	if err != nil {
		return err
	}
	return m.w.print(o, stepTable(o.Steps, o.Begun), []string{o.ID})
}

// follow shows an operation's steps while it runs.
func (w *world) follow(ctx context.Context, client *client.Client, id string) (api.Operation, error) {
	watching, cancel := context.WithCancel(ctx)
	shown := make(chan struct{})
	go func() {
		defer close(shown)
		t := newTree(w.err)
		for watching.Err() == nil {
			var o api.Operation
			if err := client.Call(watching, http.MethodGet, "/v1/operations/"+escape(id), "", nil, &o); err == nil {
				t.draw(operationLines(o))
			}
			_ = nap(watching, 200*time.Millisecond) // ends with watching
		}
	}()
	o, err := w.await(ctx, client, id)
	cancel()
	<-shown
	return o, err
}

func operationLines(o api.Operation) []line {
	lines := []line{{text: o.ID + "  " + o.State, steady: o.ID}}
	for _, s := range o.Steps {
		glyph := map[string]string{"waiting": "·", "running": "…", "succeeded": "✔", "failed": "✘", "undone": "↶"}[s.State]
		l := line{text: fmt.Sprintf("  %s %s", glyph, s.Name)}
		if s.State != "waiting" {
			l.steady = l.text
		}
		lines = append(lines, l)
	}
	return lines
}

func (w *world) printMove(p availabilitydoor.MovePlan) error {
	t := table{head: []string{"PLAN", ""}, rows: [][]string{
		{"move", p.Home + ": " + p.From + " → " + p.To + ", " + p.Mode},
		{"possible now", yesNo(p.Ready) + strings.TrimRight(" "+p.WhyNot(), " ")},
		{"lag", lagText(p)}, {"lag of objects", objectsText(p)}, {"lost at most", secondsOr(p.LossBound)}, {"takes", estimateText(p)},
		{"steps", strings.Join(p.Steps, " → ")}, {"no way back from", p.NoReturn},
	}}
	if !p.LastMoved.IsZero() {
		t.rows = append(t.rows, []string{"last moved", p.LastMoved.UTC().Format(time.RFC3339) + " (" + p.LastReason + ")"})
	}
	return w.print(p, t, []string{p.Home})
}
