package staging

import (
	"context"
	"fmt"

	"github.com/greenlang/fournines/internal/driver/postgres"
)

// The assertions of the recovery wing that a look answers, as they stand in fact.RestoreTest.Unseen.
const (
	targetReached = "target-reached"
	recoveryPoint = "recovery-point"
	pagesSound    = "pages-sound"
	dataEqual     = "data-equal"
	sameCluster   = "same-cluster"
	nothingLacks  = "nothing-lacks"
	erasedAbsent  = "erased-absent"
	allLocked     = "all-locked"
)

// examine looks at what the server holds. What cannot be looked at stands in Unseen.
func (r *run) examine(ctx context.Context, s *inside) error {
	t := &r.test
	t.Unseen[allLocked] = "a restore does not look at the locks of the objects that it reads"
	t.Unseen[erasedAbsent] = "nobody looks for erased persons yet"
	if err := r.admin.Restored(ctx, r.address(), silence, t); err != nil {
		for name, lacks := range map[string]bool{
			targetReached: !t.Writable, recoveryPoint: t.Heartbeat.IsZero(), sameCluster: t.Timeline == 0 || t.System == 0, nothingLacks: t.Spaces == nil,
		} {
			if lacks {
				t.Unseen[name] = err.Error()
			}
		}
	}
	for _, database := range r.Digests {
		a := postgres.Admin{User: r.User, Database: database}
		digests, err := a.Digests(ctx, r.address(), longSilent)
		if err != nil {
			t.Unseen[dataEqual] = fmt.Sprintf("database %s: %v", database, err)
			continue
		}
		t.Tables = append(t.Tables, digests...)
	}
	var err error
	if t.Relations, err = r.admin.Relations(ctx, r.Bin, r.address()); err != nil {
		t.Unseen[pagesSound] = err.Error()
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return s.ended()
}

// pages compares the pages of the stopped server with their checksums.
func (r *run) pages(ctx context.Context) error {
	var err error
	if r.test.Pages, err = postgres.Pages(ctx, r.Bin, r.data()); err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		r.test.Unseen[pagesSound] = err.Error()
	}
	return nil
}
