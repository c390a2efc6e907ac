package availability

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/drill"
	"github.com/greenlang/fournines/internal/evidence"
)

// MovePlatform is the platform as drills of whole regions reach it: from outside.
type MovePlatform interface {
	DrillPlatform
	// Home returns where the drilled home is served, and what moving it would mean now;
	// trouble is what is unhealthy in either of its regions, in words.
	Home(ctx context.Context) (serving string, plan MovePlan, trouble []string, err error)
	Evacuate(ctx context.Context, mode, reason string) (operation string, err error)
	Restore(ctx context.Context, reason string) (operation string, err error)
	// Outside returns what vantage points outside every region saw of the home's customers
	// between two moments, once they have told it, or what they have told until ctx ends.
	Outside(ctx context.Context, from, to time.Time) (evidence.OutsideGap, error)
	// Over returns once the operation is over; an error says that it did not succeed.
	Over(ctx context.Context, operation string) error
	// Objects are the object stores of the home's regions; nil where none are replicated.
	Objects() ObjectPlatform
}

// The bounds of the seed for the loss of a region, in seconds (row 7.1.12).
const (
	regionRTO = 3600
	regionRPO = 900

	lossWindow = 5 * time.Second // of writes may be lost with a region
)

// regionFault is how long a drill keeps a region dead at most; it is cleared before.
const regionFault = 8 * time.Minute

// regionDrills need two regions and DNS: the load goes where resolvers are sent.
func regionDrills() []drill.Drill {
	verifies := "writes go to whichever region DNS answers; every acknowledged one is looked up afterwards"
	return []drill.Drill{
		{
			Reaches: true, Needs: drill.Needs{Pair: true},
			Name: "region-loss", Rows: []string{"7.1.1", "7.1.2", "7.1.4", "7.1.9", "7.1.12"}, Description: "kills a whole region, evacuates it ungracefully, and brings it home again",
			BlastRadius: "every customer of the region, until its partner serves them", Verifies: verifies + "; lost ones are counted exactly",
			Steps: regionSteps(Ungraceful),
		},
		{
			Reaches: true, Needs: drill.Needs{Pair: true},
			Name: "region-move", Rows: []string{"7.1.1", "7.1.2", "7.1.9", "7.1.12"}, Description: "moves a region's customers to its partner and home again, without loss",
			BlastRadius: "none meant: writes wait for a few seconds, twice", Verifies: verifies + "; none may be lost",
			Steps: regionSteps(Graceful),
		},
		objectsDrill(),
		partnerDrill(),
	}
}

// regionSteps move a home away and back while customers write rows and objects.
func regionSteps(mode string) []drill.Action {
	lossless := mode == Graceful
	var objects objectLoad
	out := []drill.Action{regionsReady(), load(), {Name: "load objects", Timeout: time.Minute, Do: objects.begin}}
	if !lossless {
		out = append(out, drill.Action{Name: "break", Timeout: time.Minute, Do: breakRegion})
	}
	return append(out,
		drill.Action{Name: "evacuate", Timeout: 5 * time.Minute, Do: func(ctx context.Context, r *drill.Run) (string, error) { return evacuateRegion(ctx, r, mode) }},
		drill.Action{Name: "write again", Timeout: time.Minute, Do: writeAgain},
		drill.Action{Name: "measure", Timeout: time.Minute, Do: measureMove},
		drill.Action{Name: "look from outside", Timeout: time.Minute, Do: lookFromOutside},
		drill.Action{Name: "measure objects", Timeout: time.Minute, Do: func(ctx context.Context, r *drill.Run) (string, error) { return objects.missing(ctx, r, lossless) }},
		bringHome(),
		drill.Action{Name: "verify", Timeout: time.Minute, Do: func(ctx context.Context, r *drill.Run) (string, error) { return verifyRegion(ctx, r, lossless) }},
		drill.Action{Name: "verify objects", Timeout: 2 * time.Minute, Do: func(ctx context.Context, r *drill.Run) (string, error) { return objects.verify(ctx, r, lossless) }},
	)
}

func movePlatform(r *drill.Run) (MovePlatform, error) {
	p, ok := r.Platform.(MovePlatform)
	if !ok {
		return nil, errors.New("this drill needs a platform whose homes can be moved")
	}
	return p, nil
}

func regionsReady() drill.Action {
	return drill.Action{Name: "ready", Timeout: 4 * time.Minute, Do: func(ctx context.Context, r *drill.Run) (string, error) {
		p, err := movePlatform(r)
		if err != nil {
			return "", err
		}
		return awaitHome(ctx, p)
	}}
}

// awaitHome waits until the home's customers are at home, everything is healthy, and they could be moved.
func awaitHome(ctx context.Context, p MovePlatform) (string, error) {
	return retry(ctx, func() (string, error) {
		serving, plan, trouble, err := p.Home(ctx)
		switch {
		case err != nil:
			return "", err
		case serving != plan.Home:
			return "", fmt.Errorf("%s is served by %s", plan.Home, serving)
		case len(trouble) > 0:
			return "", errors.New(strings.Join(trouble, "; "))
		case !plan.Ready:
			return "", errors.New(plan.WhyNot())
		}
		return fmt.Sprintf("healthy; %s could move to %s, %d bytes behind", plan.Home, plan.To, plan.LagBytes), nil
	})
}

func breakRegion(ctx context.Context, r *drill.Run) (string, error) {
	p, err := movePlatform(r)
	if err != nil {
		return "", err
	}
	_, plan, _, err := p.Home(ctx)
	if err != nil {
		return "", err
	}
	r.FaultAt = time.Now()
	id, err := p.Inject(ctx, "region-kill", plan.Home, regionFault, "drill "+r.Report.ID)
	if err != nil {
		return "", err
	}
	r.Notes["fault"] = id
	return fmt.Sprintf("region-kill on %s (%s)", plan.Home, id), nil
}

func evacuateRegion(ctx context.Context, r *drill.Run, mode string) (string, error) {
	p, err := movePlatform(r)
	if err != nil {
		return "", err
	}
	decided := time.Now()
	r.Notes["decided"] = decided
	if r.FaultAt.IsZero() {
		r.FaultAt = decided
	}
	id, err := p.Evacuate(ctx, mode, "drill "+r.Report.ID)
	if err != nil {
		return "", err
	}
	if err := p.Over(ctx, id); err != nil {
		return "", err
	}
	return fmt.Sprintf("%s took %.2f s", id, time.Since(decided).Seconds()), nil
}

// measureMove takes the times before the way home adds a second gap.
func measureMove(_ context.Context, r *drill.Run) (string, error) {
	gap, until := r.Load.Gap(r.FaultAt)
	r.Notes["served"] = until
	decided, _ := r.Notes["decided"].(time.Time)
	r.Objective(drill.AtMost("rto", "seconds", regionRTO, max(0, until.Sub(decided).Seconds())))
	r.Objective(drill.AtMost("write_gap", "seconds", regionRTO, gap.Seconds()))
	return fmt.Sprintf("longest time without an acknowledged write: %.2f s; %.2f s after the decision", gap.Seconds(), until.Sub(decided).Seconds()), nil
}

// The view from outside is awaited after the first write that was served again: a resolver
// that has asked for the name believes the old answer for its time to live. A request takes
// at most ten seconds, and ten seconds become one entry.
const (
	believed   = 10 * time.Second
	toldWithin = believed + 35*time.Second
)

// lookFromOutside reports what the home's customers met who were sent to whichever region
// names answered, dead ones included. That nobody looked is said, and is no objective missed.
func lookFromOutside(ctx context.Context, r *drill.Run) (string, error) {
	p, err := movePlatform(r)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, toldWithin)
	defer cancel()
	until := time.Now().Add(believed)
	g, err := p.Outside(ctx, r.FaultAt, until)
	if err != nil {
		return "", err
	}
	if g.Known == 0 {
		return "nobody looked from outside: is a prober running?", nil
	}
	r.Objective(drill.AtMost("outside_gap", "seconds", regionRTO, g.Longest))
	r.Objective(drill.AtMost("outside_failed", "seconds", regionRTO, g.Failed))
	return fmt.Sprintf("customers were not served for %.0f s together, %.0f s at the longest, as seen from outside; %.0f s of %.0f s are known",
		g.Failed, g.Longest, g.Known, until.Sub(r.FaultAt).Seconds()), nil
}

// bringHome ends the fault and restores the home, also after a step that failed.
func bringHome() drill.Action {
	return drill.Action{Name: "bring home", Timeout: 12 * time.Minute, Always: true, Do: func(ctx context.Context, r *drill.Run) (string, error) {
		p, err := movePlatform(r)
		if err != nil {
			return "", err
		}
		if id, ok := r.Notes["fault"].(string); ok {
			if _, err := retry(ctx, func() (struct{}, error) { return struct{}{}, p.Clear(ctx, id) }); err != nil {
				return "", err
			}
		}
		begun := time.Now()
		if _, err := retry(ctx, func() (struct{}, error) {
			serving, plan, _, err := p.Home(ctx)
			if err != nil || serving == plan.Home {
				return struct{}{}, err
			}
			id, err := p.Restore(ctx, "drill "+r.Report.ID)
			if err != nil {
				return struct{}{}, err
			}
			return struct{}{}, p.Over(ctx, id)
		}); err != nil {
			return "", err
		}
		took := time.Since(begun)
		said, err := awaitHome(ctx, p)
		return fmt.Sprintf("home after %.1f s; %s", took.Seconds(), said), err
	}}
}

// verifyRegion stops the load and looks every acknowledged write up.
func verifyRegion(ctx context.Context, r *drill.Run, lossless bool) (string, error) {
	r.Load.Stop()
	n, failed := r.Load.Acknowledged()
	lost, doubled, err := r.Load.Check(ctx)
	if err != nil {
		return "", err
	}
	loss := r.Load.Loss(lost, r.FaultAt, lossWindow)
	served, _ := r.Notes["served"].(time.Time)
	bound, lostBound := float64(regionRPO), float64(loss.Most)
	if lossless || !loss.Moment.Before(served) { // what the new region has acknowledged no death explains
		bound, lostBound = 0, 0
	}
	r.Objective(drill.AtLeast("writes_acknowledged", "count", steady, float64(n)))
	r.Objective(drill.AtMost("rpo", "seconds", bound, loss.Age.Seconds()))
	r.Objective(drill.AtMost("writes_lost", "count", lostBound, float64(len(lost)))) // 5 s of writes, or none
	r.Objective(drill.AtMost("writes_doubled", "count", 0, float64(len(doubled))))
	if lossless {
		r.Objective(drill.AtMost("client_errors", "count", 0, float64(failed)))
	}
	detail := fmt.Sprintf("%d writes acknowledged, %d failed, %d lost, %d doubled", n, failed, len(lost), len(doubled))
	if len(lost) > 0 {
		detail += "; lost " + strings.Join(lost[:min(len(lost), 5)], ", ")
	}
	return detail, nil
}
