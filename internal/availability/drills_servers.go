package availability

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/drill"
)

// ServerPlatform is the control plane as its drill reaches it: from outside.
type ServerPlatform interface {
	DrillPlatform
	// Servers returns the servers as the leader sees them.
	Servers(ctx context.Context) ([]ServerLook, error)
	// Trail records audit events and counts them in the journal afterwards: only the
	// control plane can lose an acknowledged one.
	Trail() drill.Writer
	// Over returns once the operation is over; an error says that it did not succeed.
	Over(ctx context.Context, operation string) error
}

// ServerLook is one look at a server.
type ServerLook struct {
	Name    string
	Leads   bool
	Trouble string // in words; empty: it is healthy
}

// serverFrozen is how long a server is frozen at most: longer than an election and a
// switchover that happens meanwhile.
const serverFrozen = 60 * time.Second

func serverDrills() []drill.Drill {
	return []drill.Drill{{
		Needs: drill.Needs{Servers: 3},
		Name:  "control-plane-loss", Rows: []string{"7.1.9", "7.1.12", "7.8.5"}, Description: "kills the server that leads, freezes the one that leads then, and kills one in the middle of an operation",
		BlastRadius: "none for customers; operations pause until another server leads", Verifies: "every acknowledged audit event is in the journal, once; operations complete, once; customers' writes go on",
		Steps: serverSteps(),
	}}
}

func serverSteps() []drill.Action {
	var trail *drill.Load
	step := func(name string, timeout time.Duration, do func(context.Context, *drill.Run, ServerPlatform) (string, error)) drill.Action {
		return drill.Action{Name: name, Timeout: timeout, Do: func(ctx context.Context, r *drill.Run) (string, error) {
			p, ok := r.Platform.(ServerPlatform)
			if !ok {
				return "", errors.New("this drill needs a platform with a control plane")
			}
			return do(ctx, r, p)
		}}
	}
	again := func(ctx context.Context, r *drill.Run, since time.Time, objective string) (string, error) {
		if err := trail.Await(ctx, steady/4, time.Now()); err != nil {
			return "", err
		}
		gap, _ := trail.Gap(since)
		r.Objective(drill.AtMost(objective, "seconds", failoverBound, gap.Seconds()))
		return fmt.Sprintf("longest time without an acknowledged event: %.2f s", gap.Seconds()), nil
	}
	// mend ends the fault and waits until everybody is back.
	mend := func(ctx context.Context, r *drill.Run, p ServerPlatform) (string, error) {
		if id, ok := r.Notes["fault"].(string); ok {
			if _, err := retry(ctx, func() (struct{}, error) { return struct{}{}, p.Clear(ctx, id) }); err != nil {
				return "", err
			}
		}
		said, err := awaitServers(ctx, p)
		if err != nil {
			return "", err
		}
		_, err = awaitHealth(ctx, r)
		return said, err
	}
	heal := step("heal", 3*time.Minute, mend)
	heal.Always = true
	return []drill.Action{
		ready(),
		step("servers", 2*time.Minute, func(ctx context.Context, _ *drill.Run, p ServerPlatform) (string, error) { return awaitServers(ctx, p) }),
		load(),
		step("load trail", time.Minute, func(ctx context.Context, r *drill.Run, p ServerPlatform) (string, error) {
			trail = &drill.Load{Writer: p.Trail(), Prefix: r.Report.ID, Every: 50 * time.Millisecond, Limit: time.Minute, Worker: 4}
			trail.Start(context.WithoutCancel(ctx))
			return "", trail.Await(ctx, steady, time.Time{})
		}),
		step("kill the leader", 40*time.Second, func(ctx context.Context, r *drill.Run, p ServerPlatform) (string, error) {
			return breakServer(ctx, r, p, "process-kill", faultFor)
		}),
		step("decide again", time.Minute, func(ctx context.Context, r *drill.Run, _ ServerPlatform) (string, error) {
			return again(ctx, r, r.FaultAt, "gap_after_kill")
		}),
		step("mend", 3*time.Minute, mend),
		step("freeze the leader", 40*time.Second, func(ctx context.Context, r *drill.Run, p ServerPlatform) (string, error) {
			return breakServer(ctx, r, p, "process-freeze", serverFrozen)
		}),
		step("decide without it", time.Minute, func(ctx context.Context, r *drill.Run, _ ServerPlatform) (string, error) {
			return again(ctx, r, r.FaultAt, "gap_after_freeze")
		}),
		step("operate without it", 2*time.Minute, func(ctx context.Context, r *drill.Run, p ServerPlatform) (string, error) {
			id, err := switchover(ctx, r, p)
			if err != nil {
				return "", err
			}
			return id + " succeeded while the old leader was frozen", p.Over(ctx, id)
		}),
		step("thaw", 3*time.Minute, mend),
		step("kill in an operation", 2*time.Minute, func(ctx context.Context, r *drill.Run, p ServerPlatform) (string, error) {
			id, err := switchover(ctx, r, p)
			if err != nil {
				return "", err
			}
			said, err := breakServer(ctx, r, p, "process-kill", faultFor)
			if err != nil {
				return "", err
			}
			return said + "; " + id + " succeeded all the same", p.Over(ctx, id)
		}),
		heal,
		step("verify", 3*time.Minute, func(ctx context.Context, r *drill.Run, _ ServerPlatform) (string, error) {
			trail.Stop()
			n, refused := trail.Acknowledged()
			lost, doubled, err := trail.Check(ctx)
			if err != nil {
				return "", err
			}
			r.Objective(drill.AtLeast("events_acknowledged", "count", steady, float64(n)))
			r.Objective(drill.AtMost("events_lost", "count", 0, float64(len(lost))))
			r.Objective(drill.AtMost("events_doubled", "count", 0, float64(len(doubled))))
			detail, err := verifyWrites(ctx, r, true)
			return fmt.Sprintf("%d events acknowledged, %d refused, %d lost, %d doubled; %s", n, refused, len(lost), len(doubled), detail), err
		}),
	}
}

// awaitServers waits until every server is healthy and there are enough to lose one.
func awaitServers(ctx context.Context, p ServerPlatform) (string, error) {
	return retry(ctx, func() (string, error) {
		all, err := p.Servers(ctx)
		if err != nil {
			return "", err
		}
		var trouble []string
		leader := ""
		for _, v := range all {
			if v.Trouble != "" {
				trouble = append(trouble, v.Name+": "+v.Trouble)
			}
			if v.Leads {
				leader = v.Name
			}
		}
		switch {
		case len(all) < 3:
			return "", fmt.Errorf("the control plane has %d server, and one that may be lost needs three: `fournines up --servers 3`", len(all))
		case len(trouble) > 0:
			return "", errors.New(strings.Join(trouble, "; "))
		}
		return fmt.Sprintf("%d servers hold the journal; %s leads", len(all), leader), nil
	})
}

// breakServer breaks the server that leads.
func breakServer(ctx context.Context, r *drill.Run, p ServerPlatform, kind string, d time.Duration) (string, error) {
	leader, err := retry(ctx, func() (string, error) {
		all, err := p.Servers(ctx)
		for _, v := range all {
			if v.Leads {
				return v.Name, nil
			}
		}
		return "", errors.Join(err, errors.New("no server leads"))
	})
	if err != nil {
		return "", err
	}
	r.FaultAt = time.Now()
	id, err := p.Inject(ctx, kind, leader, d, "drill "+r.Report.ID)
	r.Notes["fault"] = id
	return fmt.Sprintf("%s on %s (%s)", kind, leader, id), err
}

func switchover(ctx context.Context, r *drill.Run, p ServerPlatform) (string, error) {
	l, err := retry(ctx, func() (Look, error) { return p.Look(ctx) })
	if err != nil {
		return "", err
	}
	return p.Switchover(ctx, l.Region+"/postgres", "", "drill "+r.Report.ID)
}
