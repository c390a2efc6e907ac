package door

import (
	"context"
	"errors"

	"github.com/danielgtaylor/huma/v2"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/journal/query"
	"github.com/greenlang/fournines/internal/journal/query/worker"
	"github.com/greenlang/fournines/internal/journal/table"
)

type (
	// QueryAnswer is what was found in the journal.
	QueryAnswer = query.Answer
	// QueryColumn is a column of such an answer.
	QueryColumn = query.Column
	// QueryRefused says what is wrong with a question.
	QueryRefused = query.RefusedError
)

// Question is one SELECT over the journal's entries.
type Question struct {
	SQL   string `json:"sql" minLength:"1" maxLength:"16384" doc:"one SELECT over entries" example:"select kind, count(*) from entries group by kind"`
	Limit int    `json:"limit,omitempty" minimum:"0" maximum:"100000" doc:"rows of the answer; 0 is 1000"`
	Prove bool   `json:"prove,omitempty" doc:"give each row the proof of its entry; the answer must show the column index"`
}

// Queries answers questions about the journal.
type Queries interface {
	// Query answers one question; an error about the question is a *QueryRefused.
	Query(ctx context.Context, q Question) (QueryAnswer, error)
}

func mountQuery(x huma.API, s Queries) {
	huma.Post(x, "/v1/journal/query", func(ctx context.Context, in *struct{ Body Question }) (*api.Out[QueryAnswer], error) {
		a, err := s.Query(ctx, in.Body)
		var refused *QueryRefused
		switch {
		case errors.As(err, &refused):
			return nil, huma.Error422UnprocessableEntity(refused.Error())
		case errors.Is(err, table.ErrBehind), errors.As(err, new(*worker.MissingError)):
			return nil, huma.Error503ServiceUnavailable(err.Error())
		}
		return api.Answer(a, err)
	})
}
