//go:build prove

package prove

import (
	"context"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/availability/wiring"
	"github.com/greenlang/fournines/internal/drill"
	"github.com/greenlang/fournines/internal/driver/fault"
	"github.com/greenlang/fournines/internal/place"
)

// TestRedisLoss breaks the Redis master and measures writes through the edge (row
// 7.1.5). Replication is asynchronous: lost writes are counted, and do not fail it.
func TestRedisLoss(t *testing.T) {
	runs, k := number(t, "PROVE_RUNS", 30), keep(t, "redis-loss")
	r := start(t, ours)
	for _, kind := range []string{fault.ProcessFreeze, fault.ProcessKill} {
		if !chosen(t, "PROVE_KINDS", kind) {
			continue
		}
		for n := range runs {
			r.Healthy()
			run := Run{Who: ours, Kind: "redis " + kind, N: n + 1, At: time.Now().UTC(), Limit: limit.Seconds()}
			if err := r.redisLoss(t.Context(), kind, &run); err != nil {
				run.Error = err.Error()
			}
			k.add(run)
		}
	}
	for _, g := range Groups(k.runs) {
		gaps := g.Values(func(r Run) float64 { return r.Gap })
		worst, p95 := Quantile(gaps, 1), Quantile(gaps, 0.95)
		t.Logf("%s: p95 %.2f s, max %.2f s, goal p95 ≤ %.0f s met: %v; %d of %d acknowledged writes lost", g.Kind, p95, worst, GoalP95,
			p95 <= GoalP95, g.Sum(func(r Run) int { return r.Lost }), g.Sum(func(r Run) int { return r.Acknowledged }))
		if worst >= Floor || g.Broken()+g.Open() > 0 || len(gaps) < len(g.Runs) {
			t.Errorf("%s: max %.2f s, %d runs broke off, %d did not recover", g.Kind, worst, g.Broken(), g.Open())
		}
	}
}

func (r *region) redisLoss(ctx context.Context, kind string, run *Run) error {
	id, _ := r.env()
	writer := &wiring.RedisWriter{Address: r.layout.EdgeAddress(r.spec().Name, place.Redis), Password: r.secrets.Redis}
	load := &drill.Load{Writer: writer, Prefix: id, Every: 40 * time.Millisecond, Limit: 2 * time.Second, Worker: 4}
	load.Start(context.WithoutCancel(ctx))
	defer load.Stop()
	serve := func(t time.Time) error {
		short, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		return load.Await(short, steady, t)
	}
	if err := serve(time.Time{}); err != nil {
		return err
	}
	old, err := r.leader(ctx, place.Redis)
	if err != nil {
		return err
	}
	at := time.Now()
	faultID, err := r.outside.Inject(ctx, kind, old, oursFor, "proof "+id)
	if err != nil {
		return err
	}
	short, cancel := context.WithDeadline(ctx, at.Add(limit))
	run.Open = r.moved(short, place.Redis, old, kind == fault.ProcessKill) != nil
	cancel()
	if !run.Open {
		if err := serve(time.Now()); err != nil {
			return err
		}
	}
	if err := r.clear(ctx, faultID); err != nil {
		return err
	}
	if err := r.whole(ctx); err != nil {
		return err
	}
	run.Whole = time.Since(at).Seconds()
	if err := serve(time.Now()); err != nil {
		return err
	}
	load.Stop()
	gap, recovered := load.Recovered(at)
	run.Gap, run.Recover = gap.Seconds(), recovered.Seconds()
	run.Acknowledged, run.Failed = load.Acknowledged()
	lost, _, err := load.Check(ctx)
	run.Lost = len(lost)
	return err
}
