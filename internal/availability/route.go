package availability

import (
	"context"
	"time"

	"github.com/greenlang/fournines/internal/control"
)

// KindRoute sets a region's routing switch as a step of something larger (row 7.1.2): resolvers
// are sent there, or not.
const KindRoute = "route.switch"

// RouteArgs are the arguments of route.switch.
type RouteArgs struct {
	Region string `json:"region"`
	On     bool   `json:"on"`
}

// Switches sets the regions' routing switches.
type Switches interface {
	// Switchable says why the switch may not be set so now; nil: it may.
	Switchable(a RouteArgs) error
	// Switch sets it; one that is set so already is left alone.
	Switch(ctx context.Context, r *control.Run, a RouteArgs) error
}

// Router carries out route.switch.
type Router struct{ Switches Switches }

// Kinds returns the kinds of actions, for control.
func (x Router) Kinds() []control.Kind {
	return []control.Kind{{
		Name: KindRoute, Guard: x.guard,
		Steps: []control.Step{{Name: "switch", Timeout: 10 * time.Second, Do: x.set}},
	}}
}

func (x Router) guard(_ context.Context, a control.Action) error {
	args, err := decode[RouteArgs](&control.Run{Action: a})
	if err != nil {
		return err
	}
	return x.Switches.Switchable(args)
}

func (x Router) set(ctx context.Context, r *control.Run) (any, error) {
	a, err := decode[RouteArgs](r)
	if err != nil {
		return nil, err
	}
	return a, x.Switches.Switch(ctx, r, a)
}
