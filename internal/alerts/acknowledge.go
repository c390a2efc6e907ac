package alerts

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/greenlang/fournines/internal/evidence"
	"github.com/greenlang/fournines/internal/state"
	"github.com/greenlang/fournines/internal/wing"
)

// Acknowledge records that a person has seen to something that happened.
func (a *Alerts) Acknowledge(ctx context.Context, finding, reason string) error {
	look, err := a.look(ctx)
	if err != nil {
		return err
	}
	var events []string
	for _, f := range look.Findings {
		if f.Event {
			events = append(events, f.Key())
		}
	}
	is := func(f wing.Finding) bool { return f.Key() == finding }
	i := slices.IndexFunc(look.Findings, is)
	switch {
	case i < 0 && len(events) == 0:
		return fmt.Errorf("there is no finding %q, and none that waits for a person: %w", finding, wing.ErrNotFound)
	case i < 0:
		return fmt.Errorf("there is no finding %q; acknowledge one of %s: %w", finding, strings.Join(slices.Compact(events), ", "), wing.ErrNotFound)
	case !look.Findings[i].Event:
		return fmt.Errorf("%q lasts, so it ends with its cause and not by an acknowledgement: %s %w", finding, look.Findings[i].Text, wing.ErrRefused)
	}
	if err := state.Dry(ctx); err != nil {
		return err
	}
	// What happens between the look and this entry stays untold only if nobody could have seen it.
	at := look.Findings[i].Since
	for _, f := range look.Findings {
		if is(f) && f.Since.After(at) {
			at = f.Since
		}
	}
	e, err := evidence.Acknowledged.Entry(finding, "", evidence.Acknowledgement{Finding: finding, At: at})
	if err != nil {
		return err
	}
	e.Actor, e.Reason, e.Trace = wing.Actor(ctx), reason, wing.Trace(ctx)
	_, err = a.house.State.Append(ctx, e)
	return err
}
