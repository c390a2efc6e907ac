package door

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/chaos"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/spec"
)

// Source is what the door reads and asks of the wing.
type Source interface {
	// Faults are the faults injected now, and those that ended within the last hour.
	Faults(ctx context.Context) ([]api.Fault, error)
	// InjectFault injects a fault that ends by itself after the duration.
	InjectFault(ctx context.Context, kind, target string, duration time.Duration, reason string) (id string, err error)
	// ClearFault ends a fault before its time.
	ClearFault(ctx context.Context, id string) error
}

// FaultOf is a fault as the API shows it.
func FaultOf(f chaos.Fault) api.Fault {
	return api.Fault{ID: f.ID, Kind: f.Kind, Target: f.Target, State: f.State, Reason: f.Reason, Begun: f.Begun, Until: f.Until, Journal: f.Index}
}

// Routes list, inject and clear faults.
func Routes(s Source) func(huma.API) {
	return func(x huma.API) {
		api.MountList(x, "/v1/faults", s.Faults)
		api.MountList(x, "/v1/faults/kinds", func(context.Context) ([]fact.FaultKind, error) { return fact.FaultKinds(), nil })
		huma.Post(x, "/v1/faults", func(ctx context.Context, in *struct {
			Body struct {
				Kind    string     `json:"kind"`
				Target  string     `json:"target"`
				Seconds float64    `json:"seconds" minimum:"0.1" maximum:"600"`
				Reason  api.Reason `json:"reason" minLength:"1" maxLength:"1024"`
			}
		}) (*api.Out[api.Started], error) {
			if err := spec.Among("kind of fault", in.Body.Kind, kindNames()); err != nil {
				return nil, api.Problem(err)
			}
			length := time.Duration(in.Body.Seconds * float64(time.Second))
			return api.AnswerStarted(s.InjectFault(ctx, in.Body.Kind, in.Body.Target, length, string(in.Body.Reason)))
		})
		huma.Delete(x, "/v1/faults/{id}", func(ctx context.Context, in *api.Identified) (*struct{}, error) {
			return api.AnswerNothing(s.ClearFault(ctx, in.ID))
		})
	}
}
