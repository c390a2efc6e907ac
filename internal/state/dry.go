package state

import (
	"context"
	"errors"
)

// ErrDry says that a dry run has come to what it would do: every guard has let it pass, and
// nothing was done.
var ErrDry = errors.New("a dry run does nothing")

type dryKey struct{}

// DryRun returns a context whose bearer asks what would be done. It goes the way of the action
// itself, through the same guards, up to the first effect: an entry is not appended, and what
// acts without one asks [Dry] before.
func DryRun(ctx context.Context) context.Context { return context.WithValue(ctx, dryKey{}, true) }

// Dry returns [ErrDry] in a dry run, and else nil.
func Dry(ctx context.Context) error {
	if ctx.Value(dryKey{}) != nil {
		return ErrDry
	}
	return nil
}
