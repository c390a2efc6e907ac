package serve

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/greenlang/fournines/internal/greenlang"
	"github.com/greenlang/fournines/internal/greenlang/store"
)

// problemOf makes an RFC 9457 problem with a type of our own.
func problemOf(status int, kind, detail string) *huma.ErrorModel {
	return &huma.ErrorModel{Type: "urn:greenlang:problem:" + kind, Status: status, Title: http.StatusText(status), Detail: detail}
}

// writeProblem answers outside of the API's own operations.
func writeProblem(w http.ResponseWriter, p *huma.ErrorModel) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) //nolint:errchkjson // fails only when the client has gone
}

// refuse turns an error of the registry into the problem a client sees. What is
// nobody's mistake but ours is logged here with its cause, which clients are not
// told.
func (a *api) refuse(ctx context.Context, err error) error {
	var (
		missing  *store.NotFound
		conflict *store.Conflict
		reused   *store.KeyReused
		away     *store.Unavailable
		illegal  *greenlang.IllegalTransition
	)
	switch {
	case err == nil:
		return nil
	case errors.As(err, &missing):
		return problemOf(http.StatusNotFound, "not-found", missing.Error())
	case errors.As(err, &reused):
		return problemOf(http.StatusUnprocessableEntity, "idempotency-conflict", reused.Error())
	case errors.As(err, &illegal):
		return problemOf(http.StatusConflict, "illegal-transition", illegal.Error())
	case errors.As(err, &conflict):
		return problemOf(http.StatusConflict, "conflict", conflict.Error())
	case errors.Is(err, greenlang.ErrCursor):
		return problemOf(http.StatusUnprocessableEntity, "cursor", greenlang.ErrCursor.Error())
	case errors.As(err, &away), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		a.log.WarnContext(ctx, "request not served", "error", err)
		return later("PostgreSQL did not answer in time; repeat the request, with the same Idempotency-Key if it has one")
	case store.Misconfigured(err):
		a.log.ErrorContext(ctx, "refused by postgres", "error", err)
		return later("this instance is misconfigured; repeat the request, another instance may serve it")
	}
	a.log.ErrorContext(ctx, "request failed", "error", err)
	return problemOf(http.StatusInternalServerError, "internal", "the request failed for a reason of ours; it is in the log")
}

func later(detail string) error {
	return huma.ErrorWithHeaders(problemOf(http.StatusServiceUnavailable, "unavailable", detail), http.Header{"Retry-After": {"1"}})
}

// invalid is a body that the schema could not refuse.
func invalid(err error) error {
	return problemOf(http.StatusUnprocessableEntity, "invalid", err.Error())
}
