package wing

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/greenlang/fournines/internal/control"
)

// The errors that every door understands.
var (
	// ErrNotFound says that nothing has this name, id or index.
	ErrNotFound = errors.New("not found")
	// ErrRefused says that a guard refused the action; the platform is unchanged.
	ErrRefused = errors.New("refused")
)

type key string

const (
	actorKey key = "actor"
	traceKey key = "trace"
	idKey    key = "id"
)

// WithActor keeps the name of the person who asks.
func WithActor(ctx context.Context, actor string) context.Context {
	return context.WithValue(ctx, actorKey, actor)
}

// Actor returns the name of the person who asks.
func Actor(ctx context.Context) string {
	if a, ok := ctx.Value(actorKey).(string); ok {
		return a
	}
	return "unknown"
}

// WithTrace keeps the trace id of a traceparent header (https://www.w3.org/TR/trace-context/);
// it ignores a malformed one, as that specification requires.
func WithTrace(ctx context.Context, traceparent string) context.Context {
	parts := strings.Split(traceparent, "-")
	if len(parts) < 4 || len(parts[0]) != 2 || len(parts[1]) != 32 || strings.Trim(parts[1], "0") == "" || strings.Trim(parts[1], "0123456789abcdef") != "" {
		return ctx
	}
	return context.WithValue(ctx, traceKey, parts[1])
}

// Trace returns the id of the trace that a request belongs to, or an empty string.
func Trace(ctx context.Context) string {
	id, _ := ctx.Value(traceKey).(string)
	return id
}

// WithID keeps the id that a person gave a request, so that a repeat is the same request.
func WithID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, idKey, id)
}

// RequestID returns the id of the request, or a new one that begins with prefix.
func RequestID(ctx context.Context, prefix string) string {
	if id, ok := ctx.Value(idKey).(string); ok {
		return id
	}
	return control.NewID(prefix)
}

// Ask submits an action of a person. A refusal is an [ErrRefused]; that includes another
// operation on the same subject.
func (h *House) Ask(ctx context.Context, key, kind, subject, reason string, args any) (control.Operation, error) {
	a, err := control.NewAction(key, kind, subject, args)
	if err != nil {
		return control.Operation{}, err
	}
	a.Actor, a.Reason, a.Trace = Actor(ctx), reason, Trace(ctx)
	return h.Submit(ctx, a)
}

// Submit submits an action as it is, with Ask's errors.
func (h *House) Submit(ctx context.Context, a control.Action) (control.Operation, error) {
	o, err := h.Control.Submit(ctx, a)
	switch {
	case errors.Is(err, control.ErrBusy):
		return o, fmt.Errorf("%w: %w", ErrRefused, err)
	case err == nil && o.State == control.Refused:
		return o, fmt.Errorf("%w: %s", ErrRefused, o.Error)
	}
	return o, err
}
