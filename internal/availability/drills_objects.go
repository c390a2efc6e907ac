package availability

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/drill"
)

// ObjectPlatform is the object stores of both regions of a home, as applications reach them.
type ObjectPlatform interface {
	drill.Writer // to the store of the region that serves the home; Count counts there, too
	// In counts what is in one region's store.
	In(region string) drill.Writer
	// Settled returns once all that either region's store acknowledged before t is in both.
	Settled(ctx context.Context, t time.Time) error
}

// objectLoad writes objects while a home moves. The zero value is ready; without object
// stores it does nothing.
type objectLoad struct {
	store   ObjectPlatform
	load    *drill.Load
	regions []string
}

func (o *objectLoad) begin(ctx context.Context, r *drill.Run) (string, error) {
	p, err := movePlatform(r)
	if err != nil {
		return "", err
	}
	if o.store = p.Objects(); o.store == nil {
		return "no objects are replicated here", nil
	}
	_, plan, _, err := p.Home(ctx)
	if err != nil {
		return "", err
	}
	o.regions = []string{plan.From, plan.To}
	o.load = &drill.Load{Writer: o.store, Prefix: r.Report.ID, Every: 200 * time.Millisecond, Limit: 25 * time.Second, Worker: 2}
	o.load.Start(context.WithoutCancel(ctx))
	return "", o.load.Await(ctx, steady, time.Time{})
}

// missing counts the acknowledged objects that the region that took over lacks at this moment.
func (o *objectLoad) missing(ctx context.Context, r *drill.Run, lossless bool) (string, error) {
	if o.load == nil {
		return "", nil
	}
	if err := o.load.Await(ctx, steady/2, time.Now()); err != nil {
		return "", fmt.Errorf("objects: %w", err)
	}
	lost, _, err := o.load.Check(ctx)
	if err != nil {
		return "", err
	}
	loss, bound, most := o.load.Loss(lost, r.FaultAt, lossWindow), 0.0, 0.0
	if !lossless {
		bound, most = regionRPO, float64(loss.Most)
	}
	r.Objective(drill.AtMost("objects_missing_at_takeover", "count", most, float64(len(lost))))
	r.Objective(drill.AtMost("objects_rpo", "seconds", bound, loss.Age.Seconds()))
	return fmt.Sprintf("%d acknowledged objects are missing where customers are served now", len(lost)), nil
}

// verify stops the load and looks every acknowledged object up in both regions. Objects that
// were missing at the takeover came back with the region that had them.
func (o *objectLoad) verify(ctx context.Context, r *drill.Run, lossless bool) (string, error) {
	if o.load == nil {
		return "", nil
	}
	o.load.Stop()
	if err := o.store.Settled(ctx, time.Now()); err != nil {
		return "", err
	}
	n, failed := o.load.Acknowledged()
	r.Objective(drill.AtLeast("objects_acknowledged", "count", steady, float64(n)))
	if lossless {
		r.Objective(drill.AtMost("object_errors", "count", 0, float64(failed)))
	}
	var detail strings.Builder
	fmt.Fprintf(&detail, "%d objects acknowledged, %d refused", n, failed)
	total := 0
	for _, region := range o.regions {
		o.load.Writer = o.store.In(region)
		lost, _, err := o.load.Check(ctx)
		if err != nil {
			return "", err
		}
		total += len(lost)
		fmt.Fprintf(&detail, ", %d lost in %s", len(lost), region)
	}
	r.Objective(drill.AtMost("objects_lost", "count", 0, float64(total)))
	return detail.String(), nil
}
