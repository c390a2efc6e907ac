package api

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"github.com/greenlang/fournines/internal/control"
)

// Operations lists operations, and lets people approve or deny those that wait.
type Operations interface {
	// Operations answers newest first with at most f.Limit items.
	Operations(ctx context.Context, f OperationFilter) (Page[Operation], error)
	// Operation is one operation; ErrNotFound when there is none of the id.
	Operation(ctx context.Context, id string) (Operation, error)
	// Approve lets an operation that waits for approval run.
	Approve(ctx context.Context, id, reason string) error
	// Deny ends an operation that waits for approval as refused.
	Deny(ctx context.Context, id, reason string) error
}

// OperationStates are the states of an operation, in the order of its life.
func OperationStates() []string { return control.States() }

// OperationFilter selects operations; an empty field selects all.
type OperationFilter struct {
	State   string // one of Operation's states
	Kind    string // exact, for example postgres.failover
	Subject string // exact
	Before  string // id of the last operation of the page before, or empty
	Limit   int    // 1 to PageSize
}

type decision struct {
	ID   string `path:"id"`
	Body struct {
		Reason Reason `json:"reason" minLength:"1" maxLength:"1024"`
	}
}

// OperationRoutes list operations, and approve or deny those that wait.
func OperationRoutes(s Operations) func(huma.API) {
	return func(x huma.API) {
		huma.Get(x, "/v1/operations", func(ctx context.Context, in *struct {
			State   string `query:"state" enum:"waiting-approval,running,succeeded,failed,refused,rolled-back"`
			Kind    string `query:"kind" doc:"one that the platform can do; any other is refused with 422"`
			Subject string `query:"subject"`
			Before  string `query:"before"`
			Limit   int    `query:"limit" default:"50" minimum:"1" maximum:"100"`
		}) (*Out[List[Operation]], error) {
			return AnswerList(s.Operations(ctx, OperationFilter(*in)))
		})
		huma.Get(x, "/v1/operations/{id}", func(ctx context.Context, in *Identified) (*Out[Operation], error) {
			return Answer(s.Operation(ctx, in.ID))
		})
		decide := func(path string, f func(context.Context, string, string) error) {
			huma.Post(x, path, func(ctx context.Context, in *decision) (*struct{}, error) {
				return AnswerNothing(f(ctx, in.ID, string(in.Body.Reason)))
			})
		}
		decide("/v1/operations/{id}/approve", s.Approve)
		decide("/v1/operations/{id}/deny", s.Deny)
	}
}
