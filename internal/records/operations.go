package records

import (
	"context"
	"errors"
	"fmt"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/spec"
	"github.com/greenlang/fournines/internal/wing"
)

// OperationOf is an operation as the API shows it.
func OperationOf(o control.Operation) api.Operation {
	out := api.Operation{
		ID: o.Key, Kind: o.Kind, Subject: o.Subject, State: o.State, Actor: o.Actor, Reason: o.Reason, Error: o.Error,
		Begun: o.Begun, Ended: o.Ended, Steps: []api.Step{}, First: o.First, Last: o.Last,
	}
	for _, t := range o.Steps {
		detail := t.Error
		if detail == "" && len(t.Result) > 0 && string(t.Result) != "null" {
			detail = string(t.Result)
		}
		out.Steps = append(out.Steps, api.Step{Name: t.Name, State: t.State, Detail: detail, Begun: t.Begun, Ended: t.Ended, Journal: t.Index})
	}
	return out
}

// Operations implements the doors' interface. It reads operations that have left the state from the
// journal.
func (x *Records) Operations(ctx context.Context, f api.OperationFilter) (api.Page[api.Operation], error) {
	var page api.Page[api.Operation]
	if err := spec.Among("state", f.State, control.States()); err != nil {
		return page, err
	}
	if f.Kind != "" {
		if err := spec.Among("kind of operation", f.Kind, x.house.Control.Names()); err != nil {
			return page, err
		}
	}
	below := uint64(0)
	if f.Before != "" {
		o, err := x.operation(ctx, f.Before)
		if err != nil || o.First == 0 { // the journal's first entry has none before it
			return page, decided(err)
		}
		below = o.First
	}
	all, err := x.operationsBelow(ctx, f.Subject, below, f.Limit+1, func(o control.Operation) bool {
		return (f.State == "" || o.State == f.State) && (f.Kind == "" || o.Kind == f.Kind) && (f.Subject == "" || o.Subject == f.Subject)
	})
	if err != nil {
		return page, err
	}
	for _, o := range all[:min(len(all), f.Limit)] {
		page.Items = append(page.Items, OperationOf(o))
	}
	if len(all) > f.Limit && f.Limit > 0 {
		page.Next = page.Items[f.Limit-1].ID
	}
	return page, nil
}

func (x *Records) Operation(ctx context.Context, id string) (api.Operation, error) {
	o, err := x.operation(ctx, id)
	if errors.Is(err, control.ErrUnknown) {
		return api.Operation{}, fmt.Errorf("no operation %q: %w", id, api.ErrNotFound)
	}
	return OperationOf(o), err
}

func (x *Records) Approve(ctx context.Context, id, reason string) error {
	_, err := x.house.Control.Approve(ctx, id, wing.Actor(ctx), reason)
	return decided(err)
}

func (x *Records) Deny(ctx context.Context, id, reason string) error {
	_, err := x.house.Control.Deny(ctx, id, wing.Actor(ctx), reason)
	return decided(err)
}

func decided(err error) error {
	switch {
	case errors.Is(err, control.ErrUnknown):
		return fmt.Errorf("%w: %w", api.ErrNotFound, err)
	case errors.Is(err, control.ErrState), errors.Is(err, control.ErrRefused):
		return fmt.Errorf("%w: %w", api.ErrRefused, err)
	}
	return err
}
