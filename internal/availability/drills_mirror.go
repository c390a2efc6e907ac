package availability

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/drill"
)

// MirrorPlatform is the platform as the drill mirror-poisoned reaches it.
type MirrorPlatform interface {
	MovePlatform
	// Poison writes what the mirror of the home region could stumble over, in topics that begin with the name.
	Poison(name string) Poison
}

// Poison are topics of a drill, and their copies.
type Poison interface {
	Mirror() string // component that copies them
	Fill(ctx context.Context) error
	Add(ctx context.Context) error   // writes one more
	Renew(ctx context.Context) error // deletes a topic and makes it anew
	// Behind names the topics of which the API says that their copies lack records, or that it is not known.
	Behind(ctx context.Context) ([]string, error)
	// Count counts committed records, those of them that the copies lack, and aborted ones that they have.
	Count(ctx context.Context) (written, lost, aborted int, err error)
	Drop(ctx context.Context) error
}

// mirrorFrozen bounds how long the mirror is frozen; it is thawed before.
const mirrorFrozen = 5 * time.Minute

func mirrorSteps() []drill.Action {
	var topics Poison
	step := func(name string, timeout time.Duration, do func(context.Context, *drill.Run, MirrorPlatform) (string, error)) drill.Action {
		return drill.Action{Name: name, Timeout: timeout, Do: func(ctx context.Context, r *drill.Run) (string, error) {
			p, ok := r.Platform.(MirrorPlatform)
			if !ok {
				return "", errors.New("this drill needs a platform whose topics are mirrored")
			}
			return do(ctx, r, p)
		}}
	}
	whole := func(ctx context.Context) (string, error) {
		return retry(ctx, func() (string, error) {
			behind, err := topics.Behind(ctx)
			if err == nil && len(behind) > 0 {
				err = fmt.Errorf("not copied: %s", strings.Join(behind, ", "))
			}
			return "every topic is copied", err
		})
	}
	heal := step("heal", 5*time.Minute, func(ctx context.Context, r *drill.Run, p MirrorPlatform) (string, error) {
		if id, ok := r.Notes["fault"].(string); ok {
			if _, err := retry(ctx, func() (struct{}, error) { return struct{}{}, p.Clear(ctx, id) }); err != nil {
				return "", err
			}
		}
		if topics != nil {
			if _, err := retry(ctx, func() (struct{}, error) { return struct{}{}, topics.Drop(ctx) }); err != nil {
				return "", err
			}
		}
		return awaitHome(ctx, p)
	})
	heal.Always = true
	return []drill.Action{
		regionsReady(),
		load(),
		step("fill", 2*time.Minute, func(ctx context.Context, r *drill.Run, p MirrorPlatform) (string, error) {
			topics = p.Poison(r.Report.ID)
			if err := topics.Fill(ctx); err != nil {
				return "", err
			}
			return whole(ctx)
		}),
		step("freeze", 40*time.Second, func(ctx context.Context, r *drill.Run, p MirrorPlatform) (string, error) {
			r.FaultAt = time.Now()
			id, err := p.Inject(ctx, "process-freeze", topics.Mirror(), mirrorFrozen, "drill "+r.Report.ID)
			if err != nil {
				return "", err
			}
			r.Notes["fault"] = id
			if err := p.Injected(ctx, id); err != nil {
				return "", err
			}
			return id, topics.Add(ctx)
		}),
		step("told", 2*time.Minute, func(ctx context.Context, r *drill.Run, p MirrorPlatform) (string, error) {
			why, err := retry(ctx, func() (string, error) {
				_, plan, _, err := p.Home(ctx)
				if err == nil && (plan.Ready || plan.LossBound == 0 || !strings.Contains(plan.WhyNot(), r.Report.ID)) {
					err = fmt.Errorf("the plan does not say that a topic is behind: ready %v, lost at most %v s, %s", plan.Ready, plan.LossBound, plan.WhyNot())
				}
				return plan.WhyNot(), err
			})
			r.Objective(drill.AtMost("told", "seconds", 60, time.Since(r.FaultAt).Seconds()))
			return why, err
		}),
		step("make anew", time.Minute, func(ctx context.Context, _ *drill.Run, _ MirrorPlatform) (string, error) {
			return "", topics.Renew(ctx)
		}),
		step("thaw", time.Minute, func(ctx context.Context, r *drill.Run, p MirrorPlatform) (string, error) {
			id, _ := r.Notes["fault"].(string)
			_, err := retry(ctx, func() (struct{}, error) { return struct{}{}, p.Clear(ctx, id) })
			r.Notes["thawed"] = time.Now()
			return "", err
		}),
		step("copied", backWithin, func(ctx context.Context, r *drill.Run, _ MirrorPlatform) (string, error) {
			// The copy of a topic that was made anew looks whole until the mirror begins anew with it.
			said, err := retry(ctx, func() (string, error) {
				if _, err := whole(ctx); err != nil {
					return "", err
				}
				written, lost, aborted, err := topics.Count(ctx)
				if err == nil && lost > 0 {
					err = fmt.Errorf("%d of %d records are not copied", lost, written)
				}
				return fmt.Sprintf("%d records written, %d lost, %d aborted ones shown", written, lost, aborted), err
			})
			thawed, _ := r.Notes["thawed"].(time.Time)
			r.Objective(drill.AtMost("copied_again", "seconds", backWithin.Seconds(), time.Since(thawed).Seconds()))
			return said, err
		}),
		step("count", 2*time.Minute, func(ctx context.Context, r *drill.Run, p MirrorPlatform) (string, error) {
			written, lost, aborted, err := topics.Count(ctx)
			if err != nil {
				return "", err
			}
			behind, err := topics.Behind(ctx)
			if err != nil {
				return "", err
			}
			said, err := awaitHome(ctx, p) // the plan is ready again
			r.Objective(drill.AtLeast("records_written", "count", steady, float64(written)))
			r.Objective(drill.AtMost("records_lost", "count", 0, float64(lost)))
			r.Objective(drill.AtMost("aborted_shown", "count", 0, float64(aborted)))
			r.Objective(drill.AtMost("topics_stuck", "count", 0, float64(len(behind))))
			return said, err
		}),
		heal,
		{Name: "verify", Timeout: time.Minute, Do: func(ctx context.Context, r *drill.Run) (string, error) {
			return verifyWrites(ctx, r, false)
		}},
	}
}
