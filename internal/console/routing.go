package console

import (
	"context"
	"fmt"
	"slices"
	"strings"

	availabilitydoor "github.com/greenlang/fournines/internal/availability/door"
)

// routingSheet is where resolvers are sent.
type routingSheet struct {
	Routes []availabilitydoor.Route
	All    int // cells of the platform
}

func loadRouting(ctx context.Context, src Source, _ ask) (sheet, error) {
	routes, err := src.Routes(ctx)
	if err != nil {
		return sheet{}, fmt.Errorf("read routes: %w", err)
	}
	s := routingSheet{Routes: routes}
	for _, r := range routes {
		s.All += len(r.Cells)
	}
	return sheet{Title: "Routing", Data: s}, nil
}

// routeSheet is a switch before it is set.
type routeSheet struct {
	Route   availabilitydoor.Route
	Reason  string
	Plan    plan
	Missing *trouble // nil: the button may be pressed
}

func loadRoute(ctx context.Context, src Source, a ask) (sheet, error) {
	routes, err := src.Routes(ctx)
	if err != nil {
		return sheet{}, fmt.Errorf("read routes: %w", err)
	}
	at := slices.IndexFunc(routes, func(r availabilitydoor.Route) bool { return r.Region == a.Key })
	if at < 0 {
		return sheet{}, fmt.Errorf("region %q does not run here: %w", a.Key, ErrNotFound)
	}
	s := routeSheet{Route: routes[at], Reason: strings.TrimSpace(a.Query.Get("reason"))}
	s.Plan = planRoute(s.Route, s.Reason)
	if err := checkReason(s.Reason); err != nil {
		s.Missing = troubleOf(err)
	}
	return sheet{Title: "Switch " + s.Route.Region + " " + next(s.Route), Data: s}, nil
}

// next is what setting a switch makes of it.
func next(r availabilitydoor.Route) string {
	if r.On {
		return "off"
	}
	return "on"
}

// planRoute says what setting a region's switch would do.
func planRoute(r availabilitydoor.Route, reason string) plan {
	p := plan{
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
		p.Warnings = append(p.Warnings, fmt.Sprintf("A guard would refuse it now: %d of %d instances take requests.", r.Ready, r.Wanted))
	}
	return p
}
