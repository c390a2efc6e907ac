package door

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/console"
)

// evacuationSheet is every home, with the plan of its move now and the outcomes of earlier
// moves.
type evacuationSheet struct {
	Homes []homeCard
	Past  []api.Operation // moves, the newest first
}

// homeCard is one home with the move that is under way.
type homeCard struct {
	Home
	All     int            // cells of the platform
	Running *api.Operation // nil: nobody moves it
	Course  []leg          // the steps of its plan
}

// leg is a step of a plan; from the first that cannot be taken back on, it goes only forward.
type leg struct {
	Name  string
	Final bool
}

// Verb is the possible request: to move the home away, or back home.
func (h homeCard) Verb() string {
	if h.Serving == h.Region {
		return "evacuate"
	}
	return "restore"
}

// Share is the share of all customers whose home it is, 0 to 1.
func (h homeCard) Share() float64 { return share(len(h.Cells), h.All) }

func share(part, whole int) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

func (p pages) evacuation(ctx context.Context, a console.Ask) (console.Sheet, error) {
	homes, err := p.homeCards(ctx, a)
	if err != nil {
		return console.Sheet{}, err
	}
	s := evacuationSheet{Homes: homes}
	for _, h := range homes {
		page, err := p.operations.Operations(ctx, api.OperationFilter{Subject: moveSubject(h.Region), Limit: console.PageSize})
		if err != nil {
			return console.Sheet{}, fmt.Errorf("list moves of %s: %w", h.Region, err)
		}
		s.Past = append(s.Past, page.Items...)
	}
	slices.SortStableFunc(s.Past, func(x, y api.Operation) int { return y.Begun.Compare(x.Begun) })
	s.Past = s.Past[:min(len(s.Past), console.PageSize)]
	return console.Sheet{Title: "Evacuation", Data: s}, nil
}

// moveSubject is what operations that move a home work on.
func moveSubject(home string) string { return "home/" + home }

func (p pages) homeCards(ctx context.Context, a console.Ask) ([]homeCard, error) {
	list, err := p.source.Homes.Homes(ctx)
	if err != nil {
		return nil, fmt.Errorf("read homes: %w", err)
	}
	all := 0
	for _, h := range list {
		all += len(h.Cells)
	}
	var out []homeCard
	for _, h := range list {
		c := homeCard{Home: h, All: all, Course: course(h.Plan)}
		for _, o := range a.Status.Operations {
			if o.Subject == moveSubject(h.Region) {
				c.Running = &o
			}
		}
		out = append(out, c)
	}
	return out, nil
}

func course(p MovePlan) []leg {
	final := false
	var out []leg
	for _, name := range p.Steps {
		final = final || name == p.NoReturn
		out = append(out, leg{name, final})
	}
	return out
}

// begin evacuates or restores. The name is typed again, so that a form that lies open cannot
// move another region than was meant.
func begin(as func(context.Context, MoveRequest) (string, error)) func(context.Context, url.Values) (console.Outcome, error) {
	return func(ctx context.Context, f url.Values) (console.Outcome, error) {
		q := MoveRequest{
			Region: f.Get("region"), Mode: f.Get("mode"), Practice: f.Get("practice") == "on", AcceptLoss: f.Get("loss") == "on",
			Approve: true, Reason: strings.TrimSpace(f.Get("reason")),
		}
		if err := console.CheckReason(q.Reason); err != nil {
			return console.Outcome{}, err
		}
		if strings.TrimSpace(f.Get("typed")) != q.Region {
			return console.Outcome{}, console.BadRequest("the region's name is not typed", "Type "+q.Region+", so that you do not move another one by mistake.")
		}
		id, err := as(ctx, q)
		return console.Outcome{Address: "/operations/" + console.Segments(id)}, err
	}
}

// moveSheet is a move before it is asked for.
type moveSheet struct {
	Home       homeCard
	Plan       MovePlan
	Ungraceful bool
	Practice   bool
	AcceptLoss bool
	Reason     string
	Typed      string
	Does       console.Plan
	Missing    *console.Trouble // nil: the button may be pressed
}

func (p pages) move(ctx context.Context, a console.Ask) (console.Sheet, error) {
	homes, err := p.homeCards(ctx, a)
	if err != nil {
		return console.Sheet{}, err
	}
	at := slices.IndexFunc(homes, func(h homeCard) bool { return h.Region == a.Key })
	if at < 0 {
		return console.Sheet{}, fmt.Errorf("nobody's home is %q here: %w", a.Key, api.ErrNotFound)
	}
	s := moveSheet{
		Home: homes[at], Plan: homes[at].Plan, Ungraceful: a.Query.Get("mode") == "ungraceful", Practice: a.Query.Get("practice") == "on",
		AcceptLoss: a.Query.Get("loss") == "on", Reason: strings.TrimSpace(a.Query.Get("reason")), Typed: strings.TrimSpace(a.Query.Get("typed")),
	}
	if s.Home.Verb() == "restore" {
		s.Ungraceful, s.Practice, s.AcceptLoss = false, false, false
	}
	if s.Ungraceful {
		s.Plan = s.Home.Lost
	}
	s.Does, s.Missing = planHome(s), s.missing()
	return console.Sheet{Title: console.Sentence(s.Home.Verb()) + " " + s.Home.Region, Data: s}, nil
}

// missing is what keeps the button away.
func (s moveSheet) missing() *console.Trouble {
	if err := console.CheckReason(s.Reason); err != nil {
		return console.TroubleOf(err)
	}
	switch {
	case s.Practice && s.Ungraceful:
		return console.BadRequest("an exercise is graceful", "Clear one of the two; the drill region-loss exercises the other way.")
	case s.Typed != s.Home.Region:
		return console.BadRequest(fmt.Sprintf("the region's name is not typed: %q", s.Typed), "Type "+s.Home.Region+", so that you do not move another one by mistake.")
	}
	return nil
}

// planHome says what moving a home would do, before its button can be pressed.
func planHome(s moveSheet) console.Plan {
	h, p := s.Home, s.Plan
	out := console.Plan{
		Command: moveCommand(s),
		Does:    fmt.Sprintf("Serves the customers of %s from %s instead of %s, %s.", h.Region, p.To, p.From, p.Mode),
		Blast: []string{
			fmt.Sprintf("%d of %d cells, %s of all customers: their requests wait while it moves%s.", len(h.Cells), h.All, console.Ratio(h.Share(), 1), estimate(p)),
			"Customers of other homes are not touched.",
			lossWords(p, h.Verb()),
		},
		Verifies: []string{
			"Nothing of the old region can take a write, before the new one may: each process proved dead, or its database seen to follow.",
			"A write as a customer sends it, through the new region's edge; only then does it count as succeeded, and its RTO and RPO are recorded.",
			fmt.Sprintf("A failure before the step %q takes everything back; from it on it only goes forward, over any crash.", p.NoReturn),
		},
	}
	if h.Verb() == "restore" {
		out.Verifies = slices.Insert(out.Verifies, 0, "The old region's databases follow and have caught up, before anybody is moved.")
	}
	for _, r := range p.Reasons {
		out.Warnings = append(out.Warnings, "A guard would refuse it now: "+r+".")
	}
	return out
}

func moveCommand(s moveSheet) string {
	words := "fournines " + s.Home.Verb() + " " + s.Home.Region
	if s.Ungraceful {
		words += " --ungraceful"
	}
	if s.Practice {
		words += " --practice"
	}
	if s.AcceptLoss {
		words += " --accept-loss"
	}
	return words + " --reason " + console.Quote(s.Reason) + " --yes"
}

// estimate words how long moves of this kind took.
func estimate(p MovePlan) string {
	if p.Measured == 0 {
		return "; how long was never measured here"
	}
	return fmt.Sprintf(", about %s (median of %s)", console.Seconds(p.Estimate), console.Many(p.Measured, "move", "moves"))
}

// lossWords words what could be lost.
func lossWords(p MovePlan, verb string) string {
	switch {
	case p.LossBound < 0 && verb == "restore":
		return "Nothing acknowledged is lost: nobody is moved before the copy has caught up, and how far it is nobody knows yet."
	case p.LossBound < 0:
		return "How much would be lost is unknown: nobody knows how far the copy is."
	case p.LossBound == 0:
		return "Nothing acknowledged is lost."
	}
	return fmt.Sprintf("At most %s of acknowledged writes are lost.", console.Seconds(p.LossBound))
}
