package wing

import (
	"context"

	"github.com/greenlang/fournines/internal/journal"
)

// Record appends one entry by the system itself.
func Record[T any](ctx context.Context, h *House, kind journal.KindOf[T], subject string, v T) error {
	e, err := kind.Entry(subject, "", v)
	if err != nil {
		return err
	}
	e.Actor = "system"
	_, err = h.State.Append(ctx, e)
	return err
}
