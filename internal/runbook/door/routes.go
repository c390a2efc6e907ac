package door

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"github.com/greenlang/fournines/internal/api"
)

// RunRequest asks for a run.
type RunRequest struct {
	Runbook  string            `json:"-"`
	Inputs   map[string]string `json:"inputs,omitempty" doc:"by name; GET /v1/runbooks/{name} lists them"`
	Practice bool              `json:"practice,omitempty" doc:"what reaches customers is only asked whether it could be done"`
	Reason   string            `json:"reason" minLength:"1" maxLength:"1024"`
}

// Resolve implements huma.Resolver: it refuses a blank reason.
func (r RunRequest) Resolve(c huma.Context, at *huma.PathBuffer) []error {
	return api.Reason(r.Reason).Resolve(c, at)
}

// What a person may say of a run.
const (
	Approve = "approve"
	Deny    = "deny"
	Confirm = "confirm"
	Resume  = "resume"
	Abort   = "abort"
)

// Answer is what a person says of a run.
type Answer struct {
	Says   string
	Reason string
	Failed bool // of a confirmation: the manual step could not be done
}

// Source is what the door reads and asks; the wiring satisfies it.
type Source interface {
	Runbooks(ctx context.Context) ([]Runbook, error)
	// Runbook is one runbook; ErrNotFound when there is none of the name.
	Runbook(ctx context.Context, name string) (RunbookPage, error)
	// Runs are the newest runs first.
	Runs(ctx context.Context) ([]RunbookRun, error)
	Run(ctx context.Context, id string) (RunbookRun, error)
	// StartRun begins a run and answers with its id; ErrRefused when an input is missing or wrong.
	StartRun(ctx context.Context, q RunRequest) (id string, err error)
	// AnswerRun records what a person says; ErrRefused when they may not, or nobody asked.
	AnswerRun(ctx context.Context, id string, a Answer) error
}

// Routes show runbooks, run them, and take what people say of runs.
func Routes(s Source) func(huma.API) {
	return func(x huma.API) {
		api.MountList(x, "/v1/runbooks", func(ctx context.Context) ([]Runbook, error) { return s.Runbooks(ctx) })
		huma.Get(x, "/v1/runbooks/{name}", func(ctx context.Context, in *api.Named) (*api.Out[RunbookPage], error) {
			return api.Answer(s.Runbook(ctx, in.Name))
		})
		huma.Post(x, "/v1/runbooks/{name}/runs", func(ctx context.Context, in *struct {
			Name string `path:"name"`
			Body RunRequest
		}) (*api.Out[api.Started], error) {
			in.Body.Runbook = in.Name
			return api.AnswerStarted(s.StartRun(ctx, in.Body))
		})
		api.MountList(x, "/v1/runbook-runs", func(ctx context.Context) ([]RunbookRun, error) { return s.Runs(ctx) })
		huma.Get(x, "/v1/runbook-runs/{id}", func(ctx context.Context, in *api.Identified) (*api.Out[RunbookRun], error) {
			return api.Answer(s.Run(ctx, in.ID))
		})
		for _, says := range []string{Approve, Deny, Resume, Abort} {
			huma.Post(x, "/v1/runbook-runs/{id}/"+says, func(ctx context.Context, in *struct {
				ID   string `path:"id"`
				Body struct {
					Reason api.Reason `json:"reason" minLength:"1" maxLength:"1024"`
				}
			}) (*struct{}, error) {
				return api.AnswerNothing(s.AnswerRun(ctx, in.ID, Answer{Says: says, Reason: string(in.Body.Reason)}))
			})
		}
		huma.Post(x, "/v1/runbook-runs/{id}/"+Confirm, func(ctx context.Context, in *struct {
			ID   string `path:"id"`
			Body struct {
				Reason api.Reason `json:"reason" minLength:"1" maxLength:"1024" doc:"what was done and seen"`
				Failed bool       `json:"failed,omitempty" doc:"it could not be done"`
			}
		}) (*struct{}, error) {
			return api.AnswerNothing(s.AnswerRun(ctx, in.ID, Answer{Says: Confirm, Reason: string(in.Body.Reason), Failed: in.Body.Failed}))
		})
	}
}
