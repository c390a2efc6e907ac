package availability

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/greenlang/fournines/internal/drill"
)

// ConnectionPlatform is the platform as the drill connections-exhausted reaches it.
type ConnectionPlatform interface {
	DrillPlatform
	// Exhaust opens sessions as the application's role until the edge refuses more, and then at
	// the member itself until the server does. What is open is returned with an error, too.
	Exhaust(ctx context.Context, member string) (Exhaustion, error)
	// Told returns the text of the finding with that code about the subject; false: there is none.
	Told(ctx context.Context, code, subject string) (text string, told bool, err error)
	// Begun returns how many operations of the kind on the cluster began after t.
	Begun(ctx context.Context, kind, cluster string, t time.Time) (int, error)
}

// Exhaustion are sessions that nobody uses.
type Exhaustion interface {
	fmt.Stringer // how many there are, and how further ones were refused
	Close()
}

// exhaustFor is how long the drill keeps the sessions: a minute of them once led to failovers.
const exhaustFor = 40 * time.Second

func connectionDrill() drill.Drill {
	return drill.Drill{
		Reaches: true, Needs: drill.Needs{Zones: 2},
		Name: "connections-exhausted", Rows: []string{"7.1.4", "7.1.8"}, Description: "opens sessions as the application's role until edge and server refuse more, and holds them for 40 s",
		BlastRadius: "one role: its clients get no further sessions", Verifies: "nobody fails over, the open sessions go on to write, and a finding names the role",
		Steps: connectionSteps(),
	}
}

func connectionSteps() []drill.Action {
	var held Exhaustion
	return []drill.Action{
		ready(),
		load(),
		{Name: "exhaust", Timeout: 2 * time.Minute, Do: func(ctx context.Context, r *drill.Run) (string, error) {
			p, err := connectionPlatform(r)
			if err != nil {
				return "", err
			}
			l, err := retry(ctx, func() (Look, error) { return p.Look(ctx) })
			if err != nil {
				return "", err
			}
			leader := l.Leaders["postgres"]
			if leader == "" {
				return "", fmt.Errorf("postgres of %s has no leader", l.Region)
			}
			r.Notes["leader"], r.Notes["region"] = leader, l.Region
			r.FaultAt = time.Now()
			if held, err = p.Exhaust(ctx, leader); err != nil {
				return "", err
			}
			return held.String(), nil
		}},
		{Name: "told", Timeout: time.Minute, Do: func(ctx context.Context, r *drill.Run) (string, error) {
			text, err := awaitFinding(ctx, r, true)
			r.Objective(drill.AtMost("told", "seconds", failoverBound, time.Since(r.FaultAt).Seconds()))
			return text, err
		}},
		{Name: "hold", Timeout: 2 * exhaustFor, Do: func(ctx context.Context, r *drill.Run) (string, error) {
			t := time.NewTimer(time.Until(r.FaultAt.Add(exhaustFor)))
			defer t.Stop()
			select {
			case <-t.C:
			case <-ctx.Done():
			}
			return held.String(), ctx.Err()
		}},
		{Name: "close", Timeout: time.Minute, Always: true, Do: func(context.Context, *drill.Run) (string, error) {
			if held == nil {
				return "nothing was opened", nil
			}
			held.Close()
			return "closed " + held.String(), nil
		}},
		{Name: "write again", Timeout: time.Minute, Do: writeAgain},
		{Name: "told no more", Timeout: time.Minute, Do: func(ctx context.Context, r *drill.Run) (string, error) {
			_, err := awaitFinding(ctx, r, false)
			return "", err
		}},
		heal(),
		{Name: "verify", Timeout: time.Minute, Do: verifyNoFailover},
	}
}

func connectionPlatform(r *drill.Run) (ConnectionPlatform, error) {
	p, ok := r.Platform.(ConnectionPlatform)
	if !ok {
		return nil, errors.New("this drill needs the availability wing's platform")
	}
	return p, nil
}

// awaitFinding waits until the finding is there, or is there no more.
func awaitFinding(ctx context.Context, r *drill.Run, there bool) (string, error) {
	p, err := connectionPlatform(r)
	if err != nil {
		return "", err
	}
	cluster := fmt.Sprintf("%v/postgres", r.Notes["region"])
	return retry(ctx, func() (string, error) {
		text, told, err := p.Told(ctx, CodeConnections, cluster)
		if err == nil && told != there {
			err = fmt.Errorf("the finding %s about %s is there: %v", CodeConnections, cluster, told)
		}
		return text, err
	})
}

// verifyNoFailover adds the objective that nobody took over, and those about writes.
func verifyNoFailover(ctx context.Context, r *drill.Run) (string, error) {
	p, err := connectionPlatform(r)
	if err != nil {
		return "", err
	}
	n, err := p.Begun(ctx, KindFailover, fmt.Sprintf("%v/postgres", r.Notes["region"]), r.FaultAt)
	if err != nil {
		return "", err
	}
	l, err := p.Look(ctx)
	if err != nil {
		return "", err
	}
	if l.Leaders["postgres"] != r.Notes["leader"] { // also when Patroni alone has done it
		n = max(n, 1)
	}
	r.Objective(drill.AtMost("failovers", "count", 0, float64(n)))
	return verifyWrites(ctx, r, true)
}
