package availability

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/greenlang/fournines/internal/drill"
	"github.com/greenlang/fournines/internal/fact"
)

// PartnerPlatform is the platform as the drill partner-behind reaches it.
type PartnerPlatform interface {
	MovePlatform
	ConnectionPlatform
	// WAL asks a member itself for the write-ahead log that it has; past the API, whose word is
	// held against it.
	WAL(ctx context.Context, member string) (fact.PostgresWAL, error)
	// Outgrow fills the member's write-ahead log, until it keeps what is older than a position
	// no more.
	Outgrow(ctx context.Context, member string, position int64) (written int64, err error)
}

// cutFor is how long the drill keeps the regions apart at most; it ends that before.
const cutFor = 4 * time.Minute

// believedAfter is how long after the partner was outrun anything may still say that all is well.
const believedAfter = 10 * time.Second

func partnerDrill() drill.Drill {
	d := &partnerBehind{}
	return drill.Drill{
		Reaches: true, Needs: drill.Needs{Pair: true},
		Name: "partner-behind", Rows: []string{"7.1.4", "7.1.9"}, Description: "cuts a region off from its partner and fills its write-ahead log until it has no more of what the partner needs",
		BlastRadius: "nobody's requests; until the partner's databases are copied anew, the region has nowhere to go without loss",
		Verifies:    "nothing says that the region could be moved while it could not, and the partner's databases are copied anew by themselves",
		Steps: []drill.Action{
			regionsReady(),
			load(),
			{Name: "cut", Timeout: time.Minute, Do: d.cut},
			{Name: "outgrow", Timeout: 3 * time.Minute, Do: d.outgrow},
			{Name: "told", Timeout: time.Minute, Do: d.told},
			{Name: "reach again", Timeout: time.Minute, Do: d.reach},
			{Name: "rebuilt", Timeout: backWithin, Do: d.rebuilt},
			{Name: "write again", Timeout: time.Minute, Do: writeAgain},
			{Name: "heal", Timeout: 12 * time.Minute, Always: true, Do: d.heal},
			{Name: "verify", Timeout: time.Minute, Do: d.verify},
		},
	}
}

// partnerBehind is what the steps of one drill hand to each other.
type partnerBehind struct {
	home, partner, leader string
	fault                 string
	outrun                time.Time // when the partner could follow no more
	wrong                 []string  // what said meanwhile that all is well
}

func (*partnerBehind) platform(r *drill.Run) (PartnerPlatform, error) {
	p, ok := r.Platform.(PartnerPlatform)
	if !ok {
		return nil, errors.New("this drill needs a platform whose homes can be moved")
	}
	return p, nil
}

func (d *partnerBehind) cut(ctx context.Context, r *drill.Run) (string, error) {
	p, err := d.platform(r)
	if err != nil {
		return "", err
	}
	_, plan, _, err := p.Home(ctx)
	if err != nil {
		return "", err
	}
	l, err := p.Look(ctx)
	if err != nil {
		return "", err
	}
	*d = partnerBehind{home: plan.From, partner: plan.To, leader: l.Leaders["postgres"]}
	r.FaultAt = time.Now()
	if d.fault, err = p.Inject(ctx, "region-partition", d.home+":"+d.partner, cutFor, "drill "+r.Report.ID); err != nil {
		return "", err
	}
	return fmt.Sprintf("%s and %s do not reach each other (%s)", d.home, d.partner, d.fault), p.Injected(ctx, d.fault)
}

func (d *partnerBehind) outgrow(ctx context.Context, r *drill.Run) (string, error) {
	p, err := d.platform(r)
	if err != nil {
		return "", err
	}
	w, err := retry(ctx, func() (fact.PostgresWAL, error) {
		w, err := p.WAL(ctx, d.leader)
		if err == nil && w.Partner.Active {
			err = errors.New("the partner still streams")
		}
		return w, err
	})
	if err != nil {
		return "", err
	}
	written, err := p.Outgrow(ctx, d.leader, w.Position)
	d.outrun = time.Now()
	return fmt.Sprintf("%s wrote %d MiB in %.1f s, and has nothing any more of what %s needs", d.leader, written>>20, time.Since(r.FaultAt).Seconds(), d.partner), err
}

// look notes what says now that the home could be moved without loss although its partner does
// not follow.
func (d *partnerBehind) look(ctx context.Context, p PartnerPlatform) (ready bool, why string, err error) {
	before, err1 := p.WAL(ctx, d.leader)
	_, plan, trouble, err2 := p.Home(ctx)
	after, err3 := p.WAL(ctx, d.leader)
	if err := errors.Join(err1, err2, err3); err != nil {
		return false, "", err
	}
	if !before.Partner.Active && !after.Partner.Active && time.Since(d.outrun) > believedAfter {
		if plan.Ready || plan.LossBound == 0 {
			d.wrong = append(d.wrong, fmt.Sprintf("the plan: ready %v, %s, loss at most %.0f s", plan.Ready, plan.Mode, plan.LossBound))
		}
		if len(trouble) == 0 {
			d.wrong = append(d.wrong, "both regions are healthy and ready")
		}
	}
	return plan.Ready && len(trouble) == 0 && after.Partner.Active, fmt.Sprint(plan.Reasons, trouble), nil
}

func (d *partnerBehind) told(ctx context.Context, r *drill.Run) (string, error) {
	p, err := d.platform(r)
	if err != nil {
		return "", err
	}
	text, err := retry(ctx, func() (string, error) {
		if _, _, err := d.look(ctx, p); err != nil {
			return "", err
		}
		text, told, err := p.Told(ctx, CodeOutrun, postgresOf(d.partner))
		if err == nil && !told {
			err = fmt.Errorf("there is no finding %s about %s", CodeOutrun, postgresOf(d.partner))
		}
		return text, err
	})
	r.Objective(drill.AtMost("told", "seconds", failoverBound, time.Since(d.outrun).Seconds()))
	return text, err
}

func (d *partnerBehind) reach(ctx context.Context, r *drill.Run) (string, error) {
	p, err := d.platform(r)
	if err != nil {
		return "", err
	}
	_, err = retry(ctx, func() (struct{}, error) { return struct{}{}, p.Clear(ctx, d.fault) })
	return d.home + " and " + d.partner + " reach each other again", err
}

func (d *partnerBehind) rebuilt(ctx context.Context, r *drill.Run) (string, error) {
	p, err := d.platform(r)
	if err != nil {
		return "", err
	}
	begun := time.Now()
	if _, err := retry(ctx, func() (struct{}, error) {
		ready, why, err := d.look(ctx, p)
		if err == nil && !ready {
			err = errors.New(why)
		}
		return struct{}{}, err
	}); err != nil {
		return "", err
	}
	took := time.Since(begun)
	r.Objective(drill.AtMost("rebuilt", "seconds", backWithin.Seconds(), took.Seconds()))
	return fmt.Sprintf("%s was copied anew and follows, %.1f s after the regions reach each other again", d.partner, took.Seconds()), nil
}

func (d *partnerBehind) heal(ctx context.Context, r *drill.Run) (string, error) {
	p, err := d.platform(r)
	if err != nil {
		return "", err
	}
	if d.fault != "" {
		if _, err := retry(ctx, func() (struct{}, error) { return struct{}{}, p.Clear(ctx, d.fault) }); err != nil {
			return "", err
		}
	}
	return awaitHome(ctx, p)
}

func (d *partnerBehind) verify(ctx context.Context, r *drill.Run) (string, error) {
	p, err := d.platform(r)
	if err != nil {
		return "", err
	}
	n, err := p.Begun(ctx, KindRecopy, HomeSubject(d.home), r.FaultAt)
	if err != nil {
		return "", err
	}
	_, still, err := p.Told(ctx, CodeOutrun, postgresOf(d.partner))
	if err != nil {
		return "", err
	}
	if still {
		d.wrong = append(d.wrong, "the finding "+CodeOutrun+" is still there")
	}
	r.Objective(drill.AtMost("said_ready_wrongly", "count", 0, float64(len(d.wrong))))
	r.Objective(drill.AtLeast("copied_anew", "count", 1, float64(n)))
	detail, err := verifyWrites(ctx, r, true)
	if len(d.wrong) > 0 {
		detail += "; said wrongly: " + d.wrong[0]
	}
	return detail, err
}
