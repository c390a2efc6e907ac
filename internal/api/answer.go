package api

import (
	"context"
	"errors"

	"github.com/danielgtaylor/huma/v2"

	"github.com/greenlang/fournines/internal/spec"
	"github.com/greenlang/fournines/internal/wing"
)

// PageSize is the most rows a list shows at once (row 7.6.3).
const PageSize = 100

// Errors that a door's source wraps, so that the door can answer with the right status. Any
// other error is shown in words with status 500.
var (
	// ErrNotFound says that nothing has this name, id or index.
	ErrNotFound = wing.ErrNotFound
	// ErrRefused says that a guard refused the action; the platform is unchanged.
	ErrRefused = wing.ErrRefused
)

// NoneOfError says that a value is asked for that is none of a closed set; the answer has
// status 422 and names the set.
type NoneOfError = spec.NoneOfError

// Page is a part of a list. Next is where the page after it begins: an operation's
// id or a journal index in decimal for Before; empty on the last page.
type Page[T any] struct {
	Items []T
	Next  string
}

// Out is what a route answers with.
type Out[T any] struct{ Body T }

// List is a list as it is answered.
type List[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty" doc:"value of before for the next page; absent on the last"`
}

// Started says what was begun.
type Started struct {
	ID string `json:"id" doc:"of the operation, fault or drill that was begun"`
}

// Named is the input of a route about a named object.
type Named struct {
	Name string `path:"name"`
}

// Identified is the input of a route about an object with an id.
type Identified struct {
	ID string `path:"id"`
}

// Answer turns a value and an error into what huma sends.
func Answer[T any](v T, err error) (*Out[T], error) {
	if err := done(err); err != nil {
		return nil, Problem(err)
	}
	return &Out[T]{v}, nil
}

// AnswerList answers with a page of a list; no item is an empty list, and never null.
func AnswerList[T any](p Page[T], err error) (*Out[List[T]], error) {
	if p.Items == nil {
		p.Items = []T{}
	}
	return Answer(List[T](p), err)
}

// AnswerStarted answers with the id of what was begun.
func AnswerStarted(id string, err error) (*Out[Started], error) { return Answer(Started{id}, err) }

// AnswerNothing answers that it is done, with status 204.
func AnswerNothing(err error) (*struct{}, error) {
	if err := done(err); err != nil {
		return nil, Problem(err)
	}
	return nil, nil //nolint:nilnil // 204
}

// MountList answers a question that has no parameters with all there is.
func MountList[T any](x huma.API, path string, all func(context.Context) ([]T, error)) {
	huma.Get(x, path, func(ctx context.Context, _ *struct{}) (*Out[List[T]], error) {
		v, err := all(ctx)
		return AnswerList(Page[T]{Items: v}, err)
	})
}

// Problem gives an error the status that its kind has (RFC 9457).
func Problem(err error) error {
	_, none := errors.AsType[*NoneOfError](err)
	switch {
	case none:
		return huma.Error422UnprocessableEntity(err.Error())
	case errors.Is(err, ErrNotFound):
		return huma.Error404NotFound(err.Error())
	case errors.Is(err, ErrRefused):
		return huma.Error409Conflict(err.Error())
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return huma.Error503ServiceUnavailable(err.Error())
	}
	return huma.Error500InternalServerError(err.Error())
}
