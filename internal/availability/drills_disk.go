package availability

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/drill"
)

// diskFor is how long the small disk stays at most: a copy, a switchover, a failover, and the
// return of the member.
const diskFor = 10 * time.Minute

// diskFullSteps give one member a small disk, let it lead, and fill it.
func diskFullSteps() []drill.Action {
	const engine = "postgres"
	return []drill.Action{
		ready(),
		{Name: "small disk", Timeout: backWithin, Do: func(ctx context.Context, r *drill.Run) (string, error) {
			p, err := platform(r)
			if err != nil {
				return "", err
			}
			l, err := p.Look(ctx)
			if err != nil {
				return "", err
			}
			if len(l.Candidates[engine]) == 0 {
				return "", fmt.Errorf("no member of %s/%s could take over", l.Region, engine)
			}
			member := l.Candidates[engine][0]
			id, err := p.Inject(ctx, "postgres-small-disk", member, diskFor, "drill "+r.Report.ID)
			if err != nil {
				return "", err
			}
			r.Notes["disk"], r.Notes["member"] = id, member
			if err := p.Injected(ctx, id); err != nil {
				return "", err
			}
			return awaitHealth(ctx, r)
		}},
		load(),
		{Name: "lead", Timeout: 2 * time.Minute, Do: func(ctx context.Context, r *drill.Run) (string, error) {
			p, err := platform(r)
			if err != nil {
				return "", err
			}
			member, _ := r.Notes["member"].(string)
			// It has just been copied, and is a synchronous standby a moment after it follows.
			l, err := retry(ctx, func() (Look, error) {
				l, err := p.Look(ctx)
				if err == nil && !slices.Contains(l.Candidates[engine], member) {
					err = fmt.Errorf("%s could not take over yet; these could: %v", member, l.Candidates[engine])
				}
				return l, err
			})
			if err != nil {
				return "", err
			}
			if _, err := p.Switchover(ctx, l.Region+"/"+engine, member, "drill "+r.Report.ID); err != nil {
				return "", err
			}
			if _, err := retry(ctx, func() (Look, error) {
				l, err := p.Look(ctx)
				if err == nil && l.Leaders[engine] != member {
					err = fmt.Errorf("%s leads, not %s", l.Leaders[engine], member)
				}
				return l, err
			}); err != nil {
				return "", err
			}
			return awaitHealth(ctx, r)
		}},
		{Name: "fill", Timeout: 40 * time.Second, Do: func(ctx context.Context, r *drill.Run) (string, error) {
			return breakLeader(ctx, r, engine, "disk-full", itself)
		}},
		{Name: "told", Timeout: time.Minute, Do: awaitTold},
		{Name: "failover", Timeout: 2 * time.Minute, Do: func(ctx context.Context, r *drill.Run) (string, error) {
			return awaitLeader(ctx, r, engine, false)
		}},
		{Name: "write again", Timeout: time.Minute, Do: writeAgain},
		{Name: "give back", Timeout: time.Minute, Always: true, Do: func(ctx context.Context, r *drill.Run) (string, error) {
			p, err := platform(r)
			if err != nil {
				return "", err
			}
			for _, note := range []string{"fault", "disk"} {
				id, ok := r.Notes[note].(string)
				if !ok {
					continue
				}
				if _, err := retry(ctx, func() (struct{}, error) { return struct{}{}, p.Clear(ctx, id) }); err != nil {
					return "", err
				}
			}
			return "", nil
		}},
		heal(),
		{Name: "verify", Timeout: time.Minute, Do: func(ctx context.Context, r *drill.Run) (string, error) {
			if err := measureDetect(ctx, r, engine, KindFailover); err != nil {
				return "", err
			}
			return verifyWrites(ctx, r, true)
		}},
	}
}

// awaitTold waits until the platform says of the member with the full disk that it is not
// healthy, and measures how long it said otherwise.
func awaitTold(ctx context.Context, r *drill.Run) (string, error) {
	p, err := platform(r)
	if err != nil {
		return "", err
	}
	member, _ := r.Notes["leader"].(string)
	said, err := retry(ctx, func() (string, error) {
		l, err := p.Look(ctx)
		if err != nil {
			return "", err
		}
		for _, t := range l.Trouble {
			if strings.HasPrefix(t, member+" ") {
				return t, nil
			}
		}
		return "", errors.New("nothing is said of " + member)
	})
	if err != nil {
		return "", err
	}
	r.Objective(drill.AtMost("said_healthy", "seconds", failoverBound, time.Since(r.FaultAt).Seconds()))
	return said, nil
}
