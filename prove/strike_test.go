//go:build prove

package prove

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/drill"
	"github.com/greenlang/fournines/internal/driver/fault"
	"github.com/greenlang/fournines/internal/place"
)

// strike is one kind of fault, done to the PostgreSQL primary or its zone.
type strike struct {
	kind      string
	zone      bool // the fault takes the whole zone
	mayReturn bool // the primary may be back before anybody is needed in its place
}

func strikes() []strike {
	all := []strike{
		{kind: fault.ProcessKill, mayReturn: true},
		{kind: fault.ProcessFreeze},
		{kind: fault.PostmasterHang},
		{kind: fault.ZoneKill, zone: true},
		{kind: fault.ZoneFreeze, zone: true},
	}
	if netns() {
		all = append(all, strike{kind: fault.ZonePartition, zone: true}, strike{kind: fault.ZonePartitionOut, zone: true})
	}
	return all
}

// peerStrikes are those that Patroni alone is compared in. A killed postgres is no
// comparison: our node starts Patroni again for both.
func peerStrikes() []strike {
	return []strike{{kind: fault.ZoneKill, zone: true}, {kind: fault.ProcessFreeze}, {kind: fault.PostmasterHang}}
}

const (
	steady = 100 // writes that must be acknowledged before anything is broken

	oursFor  = 60 * time.Second // how long the fault lasts, unless it is cleared
	aloneFor = 120 * time.Second
	limit    = 75 * time.Second // for another leader
)

// customers are the load of one run: the application's, and clients that come anew.
type customers struct {
	id       string
	sessions *drill.Load
	new      *drill.Load
}

// arrive starts the load and returns when it is steady.
func (r *region) arrive(ctx context.Context) (*customers, error) {
	id, env := r.env()
	c := &customers{id: id, sessions: env.Load, new: r.newcomers(id)}
	c.sessions.Start(context.WithoutCancel(ctx))
	c.new.Start(context.WithoutCancel(ctx))
	if err := c.served(ctx, steady, time.Time{}); err != nil {
		c.leave()
		return nil, fmt.Errorf("the load does not become steady: %w", err)
	}
	return c, nil
}

// served returns once both loads go on: n writes of sessions and some of newcomers after t.
func (c *customers) served(ctx context.Context, n int, t time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	if err := c.sessions.Await(ctx, n, t); err != nil {
		return err
	}
	return c.new.Await(ctx, n/10, t)
}

func (c *customers) leave() {
	c.sessions.Stop()
	c.new.Stop()
}

// count looks every acknowledged write up and adds what the clients saw since the fault.
func (c *customers) count(ctx context.Context, run *Run, since time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	gap, recovered := c.sessions.Recovered(since)
	newGap, newRecovered := c.new.Recovered(since)
	run.Gap, run.NewGap = gap.Seconds(), newGap.Seconds()
	if newGap > gap {
		recovered = newRecovered
	}
	run.Recover = recovered.Seconds()
	run.Acknowledged, run.Failed = c.sessions.Acknowledged()
	lost, doubled, err := c.sessions.Check(ctx)
	run.Lost, run.Doubled = len(lost), len(doubled)
	if len(lost) > 0 {
		run.Note += " lost " + strings.Join(lost[:min(len(lost), 5)], ", ")
	}
	return err
}

// strike does the fault once and returns what came of it. The region is whole before
// and after; otherwise the test ends.
func (r *region) strike(ctx context.Context, s strike, n int) Run {
	r.t.Helper()
	r.Healthy()
	run := Run{Who: r.who, Kind: s.kind, N: n, At: time.Now().UTC(), Limit: limit.Seconds()}
	if err := r.struck(ctx, s, &run); err != nil {
		run.Error = err.Error()
	}
	return run
}

func (r *region) struck(ctx context.Context, s strike, run *Run) error {
	c, err := r.arrive(ctx)
	if err != nil {
		return err
	}
	defer c.leave()
	at, err := r.hit(ctx, s, c, run)
	if err != nil {
		return err
	}
	c.leave()
	return r.account(ctx, c, run, at)
}

// hit does the fault and returns when; by then customers are served as before.
func (r *region) hit(ctx context.Context, s strike, c *customers, run *Run) (time.Time, error) {
	old, err := r.leader(ctx, place.Postgres)
	if err != nil {
		return time.Time{}, err
	}
	target, lasts := old, oursFor
	if s.zone {
		target = old[:strings.LastIndexByte(old, '/')]
	}
	if r.who == alone {
		lasts = aloneFor
	}
	at := time.Now()
	id, err := r.outside.Inject(ctx, s.kind, target, lasts, "proof "+c.id)
	if err != nil {
		return at, err
	}
	short, cancel := context.WithDeadline(ctx, at.Add(limit))
	run.Open = r.moved(short, place.Postgres, old, s.mayReturn) != nil
	cancel()
	if !run.Open { // who took over serves while the fault still stands
		if err := c.served(ctx, steady/2, time.Now()); err != nil {
			return at, err
		}
	}
	if err := r.clear(ctx, id); err != nil {
		return at, err
	}
	if err := r.whole(ctx); err != nil {
		return at, err
	}
	run.Whole = time.Since(at).Seconds()
	return at, c.served(ctx, steady/2, time.Now())
}

// account adds what the clients and the journal say.
func (r *region) account(ctx context.Context, c *customers, run *Run, at time.Time) error {
	n, first, err := r.failovers(ctx, at)
	if err != nil {
		return err
	}
	if run.Failovers = n; n > 0 {
		run.Detect = first.Sub(at).Seconds()
	}
	return c.count(ctx, run, at)
}
