package wiring

import (
	"context"
	"slices"
	"time"

	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/wait"
)

// membersAtLeast is how long the server waits between two looks, whatever observers find.
const membersAtLeast = 100 * time.Millisecond

// observeMembers looks at the members, and at once when an observer finds the primary gone: its
// Patroni knows whether it stops or restarts it in order.
func (r *region) observeMembers(ctx context.Context) {
	for ctx.Err() == nil {
		r.lookMembers(ctx)
		wait.Sleep(ctx, membersAtLeast)
		r.untilNextLook(ctx)
	}
}

// untilNextLook returns when it is time for the next look, or somebody has a reason for one.
func (r *region) untilNextLook(ctx context.Context) {
	next := time.NewTimer(membersEvery - membersAtLeast)
	defer next.Stop()
	for {
		changed := r.facts.Changed()
		if id := r.primary(); id != "" && unasked(r.facts.Postgres(r.spec.Name), r.facts.Probes(), id) {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-next.C:
			return
		case <-changed:
		}
	}
}

// unasked tells whether nobody has asked the member's Patroni since somebody found its server gone.
func unasked(p fact.Postgres, probes []fact.Probe, id string) bool {
	i := slices.IndexFunc(p.Members, func(m fact.PostgresMember) bool { return m.ID == id })
	return i >= 0 && slices.ContainsFunc(probes, func(f fact.Probe) bool {
		return f.Target == id && f.Outcome == fact.Gone && f.Since.After(p.Members[i].Looked)
	})
}
