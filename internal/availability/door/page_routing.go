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

// routingSheet is where resolvers are sent.
type routingSheet struct {
	Routes []Route
	All    int // cells of the platform
}

func (p pages) routing(ctx context.Context, _ console.Ask) (console.Sheet, error) {
	routes, err := p.source.Routing.Routes(ctx)
	if err != nil {
		return console.Sheet{}, fmt.Errorf("read routes: %w", err)
	}
	s := routingSheet{Routes: routes}
	for _, r := range routes {
		s.All += len(r.Cells)
	}
	return console.Sheet{Title: "Routing", Data: s}, nil
}

// routeSheet is a switch before it is set.
type routeSheet struct {
	Route   Route
	Reason  string
	Plan    console.Plan
	Missing *console.Trouble // nil: the button may be pressed
}

func (p pages) route(ctx context.Context, a console.Ask) (console.Sheet, error) {
	routes, err := p.source.Routing.Routes(ctx)
	if err != nil {
		return console.Sheet{}, fmt.Errorf("read routes: %w", err)
	}
	at := slices.IndexFunc(routes, func(r Route) bool { return r.Region == a.Key })
	if at < 0 {
		return console.Sheet{}, fmt.Errorf("region %q does not run here: %w", a.Key, api.ErrNotFound)
	}
	s := routeSheet{Route: routes[at], Reason: strings.TrimSpace(a.Query.Get("reason"))}
	s.Plan = planRoute(s.Route, s.Reason)
	if err := console.CheckReason(s.Reason); err != nil {
		s.Missing = console.TroubleOf(err)
	}
	return console.Sheet{Title: "Switch " + s.Route.Region + " " + next(s.Route), Data: s}, nil
}

// next is what setting a switch makes of it.
func next(r Route) string {
	if r.On {
		return "off"
	}
	return "on"
}

func routeCommand(region, to, reason string) string {
	return fmt.Sprintf("fournines route set %s %s --reason %s", console.Quote(region), to, console.Quote(reason))
}

func (p pages) setRoute(ctx context.Context, f url.Values) (console.Outcome, error) {
	reason := strings.TrimSpace(f.Get("reason"))
	if err := console.CheckReason(reason); err != nil {
		return console.Outcome{}, err
	}
	return console.Outcome{Address: "/routing"}, p.source.Routing.Route(ctx, f.Get("region"), f.Get("to") == "on", reason)
}

// planRoute says what setting a region's switch would do.
func planRoute(r Route, reason string) console.Plan {
	p := console.Plan{
		Command: routeCommand(r.Region, next(r), reason),
		Does:    fmt.Sprintf("Sends resolvers to %s again, where it is the nearest.", r.Region),
		Blast:   []string{"Customers who hold an older answer follow when it ends: names live for seconds.", "No request is refused: every edge takes every customer's requests and sends them to the customer's home."},
		Verifies: []string{
			"The switch is an entry before any edge acts on it; every edge that answers has taken it up before this returns.",
		},
	}
	if r.On {
		p.Does = fmt.Sprintf("Sends no resolver to %s any more; the customers whose cells it serves are still served there, through other regions' edges.", r.Region)
		if !r.Spare {
			p.Warnings = append(p.Warnings, "A guard would refuse it now: no other region could answer then. Evacuate "+r.Region+" instead.")
		}
	} else if r.Ready < r.Wanted {
		p.Warnings = append(p.Warnings, fmt.Sprintf("%d of %d instances take requests: name servers send nobody there until their own probes find it up.", r.Ready, r.Wanted))
	}
	return p
}
