//go:build prove

package prove

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/driver/fault"
	"github.com/greenlang/fournines/internal/driver/patroni"
	"github.com/greenlang/fournines/internal/driver/process"
	"github.com/greenlang/fournines/internal/place"
)

const (
	thawAt   = 12 * time.Second // after the freeze
	watchFor = 10 * time.Second // after the thaw
)

// TestFreezeRevokeThaw takes the lock from a leader that is frozen and not fenced, and
// lets it go on: the case in which an old Patroni lost acknowledged writes (row 7.1.8).
// Our protocol is off, so that nothing but Patroni keeps the old leader from writing.
func TestFreezeRevokeThaw(t *testing.T) { thaws(t, "freeze-revoke-thaw", alone) }

// TestFreezeFenceThaw does the same to our own protocol, which fences first.
func TestFreezeFenceThaw(t *testing.T) { thaws(t, "freeze-fence-thaw", ours) }

func thaws(t *testing.T, proof, who string) {
	runs, k := number(t, "PROVE_THAWS", 100), keep(t, proof)
	r := start(t, who)
	lock := r.lock()
	for n := range runs {
		r.Healthy()
		run := Run{Who: who, Kind: proof, N: n + 1, At: time.Now().UTC()}
		if err := r.thaw(t.Context(), lock, &run); err != nil {
			run.Error = err.Error()
		}
		k.add(run)
	}
	for _, g := range Groups(k.runs) {
		violations, lost := g.Sum(func(r Run) int { return r.Violations }), g.Sum(func(r Run) int { return r.Lost + r.Doubled })
		if violations+lost+g.Broken() > 0 {
			t.Errorf("%d violations, %d writes lost or doubled, %d runs broke off", violations, lost, g.Broken())
		}
	}
}

func (r *region) thaw(ctx context.Context, lock patroni.Lock, run *Run) error {
	old, err := r.leader(ctx, place.Postgres)
	if err != nil {
		return err
	}
	c, err := r.arrive(ctx)
	if err != nil {
		return err
	}
	defer c.leave()
	w := r.witness(ctx)
	defer w.stop()
	if err := w.begun(ctx); err != nil {
		return err
	}
	at := time.Now()
	id, err := r.outside.Inject(ctx, fault.ProcessFreeze, old, oursFor, "proof "+c.id)
	if err != nil {
		return err
	}
	if r.who == alone {
		if err := r.revoke(ctx, lock, old); err != nil {
			return errors.Join(err, r.clear(ctx, id))
		}
	}
	if err := replaced(ctx, w, at.Add(thawAt)); err != nil {
		return errors.Join(err, r.clear(ctx, id))
	}
	leading, err := r.standing(ctx, lock)
	if err != nil {
		return errors.Join(err, r.clear(ctx, id))
	}
	if err := until(ctx, at.Add(thawAt)); err != nil {
		return err
	}
	if err := r.clear(ctx, id); err != nil {
		return err
	}
	if err := until(ctx, time.Now().Add(watchFor)); err != nil {
		return err
	}
	if err := r.whole(ctx); err != nil {
		return err
	}
	run.Whole = time.Since(at).Seconds()
	after, err := r.standing(ctx, lock)
	if err != nil {
		return err
	}
	if after.Leader != leading.Leader {
		run.Violations++
		run.Note += fmt.Sprintf(" %s led, and now %s does;", leading.Leader, after.Leader)
	}
	judge(w.end(), run)
	c.leave()
	return r.account(ctx, c, run, at)
}

// revoke does what must never be done without a fence: it takes the lock from a leader
// that is frozen and could wake at any moment. One that were still awake would take it
// back at once, and nothing would be proved.
func (r *region) revoke(ctx context.Context, lock patroni.Lock, component string) error {
	short, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if _, err := await(short, func() (struct{}, error) { return struct{}{}, r.frozen(component) }); err != nil {
		return err
	}
	held, err := r.standing(ctx, lock)
	if err != nil {
		return err
	}
	return lock.Release(ctx, held.Leader, held.Lease, "")
}

// frozen says who of a component's processes is not stopped.
func (r *region) frozen(component string) error {
	ps, err := process.Members(filepath.Join(r.Root, component))
	if err != nil || len(ps) == 0 {
		return errors.Join(err, fmt.Errorf("%d processes of %s are there", len(ps), component))
	}
	for _, p := range ps {
		if !p.Stopped() {
			return fmt.Errorf("pid %d of %s is not stopped", p.PID, component)
		}
	}
	return nil
}

// replaced waits until another member takes writes; it must before the thaw, or the run proves nothing.
func replaced(ctx context.Context, w *witness, before time.Time) error {
	ctx, cancel := context.WithDeadline(ctx, before)
	defer cancel()
	_, err := await(ctx, func() (struct{}, error) {
		if !w.newer() {
			return struct{}{}, errors.New("no new leader took a write before the thaw")
		}
		return struct{}{}, nil
	})
	return err
}

// judge counts what must not be: writes of a primary whose time is over, and a leader
// that did not stay, which shows as a third timeline.
func judge(acks []Ack, run *Run) {
	if two := Overlaps(acks); len(two) > 0 {
		run.Violations += len(two)
		run.Note += fmt.Sprintf(" %s took writes on timeline %d after a newer one had begun;", two[0].Member, two[0].Timeline)
	}
	if n := Timelines(acks); n > 2 {
		run.Violations++
		run.Note += fmt.Sprintf(" %d timelines took writes;", n)
	}
	run.Note += fmt.Sprintf(" %d direct writes seen", len(acks))
}
