package availability

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/drill"
	"github.com/greenlang/fournines/internal/fact"
)

// ObjectPlatform is the object stores of both regions of a home, as applications reach them.
type ObjectPlatform interface {
	drill.Writer // to the store of the region that serves the home; Count counts there, too
	// In counts what is in one region's store.
	In(region string) drill.Writer
	// Put writes to one region's store as any client does; Get reads there, false where there is nothing.
	Put(ctx context.Context, region, key, body string, metadata map[string]string) error
	Get(ctx context.Context, region, key string) (body string, metadata map[string]string, ok bool, err error)
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

func objectsDrill() drill.Drill {
	return drill.Drill{
		Reaches: true, Needs: drill.Needs{Pair: true},
		Name: "objects-poisoned", Rows: []string{"7.1.7", "7.1.9"}, Description: "puts objects that copies of objects have failed for: metadata at S3's limit, a copy put back with its metadata, keys that are one path",
		BlastRadius: "none meant: a few small objects more in both regions", Verifies: "each is in both regions as it was put last, or is named with why; other objects keep being copied; the plan of an evacuation is true",
		Steps: poisonSteps(),
	}
}

// poisonedWithin is how long copies of poisoned objects may take.
const poisonedWithin = time.Minute

// poison is objects that are hard to copy, with what both regions shall have of them.
type poison struct {
	store      ObjectPlatform
	home, pair string
	want       map[string]string            // body by key
	metadata   map[string]map[string]string // likewise
}

func (p *poison) put(ctx context.Context, region, key, body string, metadata map[string]string) error {
	p.want[key], p.metadata[key] = body, metadata
	return p.store.Put(ctx, region, key, body, metadata)
}

// differs returns the keys that a region has not got as they were put last.
func (p *poison) differs(ctx context.Context) (keys []string, err error) {
	for key, want := range p.want {
		for _, region := range []string{p.home, p.pair} {
			body, metadata, ok, err := p.store.Get(ctx, region, key)
			if err != nil {
				return nil, fmt.Errorf("read %q in %s: %w", key, region, err)
			}
			if !ok || body != want || !maps.Equal(metadata, p.metadata[key]) {
				keys = append(keys, key)
				break
			}
		}
	}
	slices.Sort(keys)
	return keys, nil
}

// arrived waits until both regions have everything.
func (p *poison) arrived(ctx context.Context) error {
	_, err := retry(ctx, func() (struct{}, error) {
		keys, err := p.differs(ctx)
		if err == nil && len(keys) > 0 {
			err = fmt.Errorf("not in both regions: %q", keys)
		}
		return struct{}{}, err
	})
	return err
}

func poisonSteps() []drill.Action {
	var objects objectLoad
	p := poison{want: map[string]string{}, metadata: map[string]map[string]string{}}
	return []drill.Action{
		regionsReady(),
		load(),
		{Name: "load objects", Timeout: time.Minute, Do: func(ctx context.Context, r *drill.Run) (string, error) {
			said, err := objects.begin(ctx, r)
			if err == nil && objects.store == nil {
				err = errors.New("no objects are replicated here: declare spec.engines.objects.replicateTo: pair")
			}
			return said, err
		}},
		{Name: "poison", Timeout: 2 * time.Minute, Do: func(ctx context.Context, r *drill.Run) (string, error) {
			p.store, p.home, p.pair = objects.store, objects.regions[0], objects.regions[1]
			r.FaultAt = time.Now()
			return p.begin(ctx, "drill/"+r.Report.ID+"-poisoned/")
		}},
		{Name: "copied", Timeout: 2 * poisonedWithin, Do: func(ctx context.Context, r *drill.Run) (string, error) {
			within, cancel := context.WithTimeout(ctx, poisonedWithin)
			defer cancel()
			if err := p.arrived(within); err != nil && ctx.Err() != nil {
				return "", err
			}
			took := time.Since(r.FaultAt)
			r.Objective(drill.AtMost("poisoned_copied", "seconds", poisonedWithin.Seconds(), took.Seconds()))
			return fmt.Sprintf("%.1f s after the first was put", took.Seconds()), nil
		}},
		{Name: "verify poisoned", Timeout: time.Minute, Do: p.verify},
		{Name: "verify", Timeout: time.Minute, Do: func(ctx context.Context, r *drill.Run) (string, error) { return verifyWrites(ctx, r, false) }},
		{Name: "verify objects", Timeout: 2 * time.Minute, Do: func(ctx context.Context, r *drill.Run) (string, error) { return objects.verify(ctx, r, true) }},
	}
}

// begin puts them, as clients of both regions do.
func (p *poison) begin(ctx context.Context, prefix string) (string, error) {
	const limit = 2048 // bytes of metadata that S3 allows, names included
	full := map[string]string{"note": strings.Repeat("n", limit-len("note"))}
	if err := errors.Join(
		p.put(ctx, p.home, prefix+"full", "one", full),
		p.put(ctx, p.home, prefix+"edited", "first", map[string]string{"by": "a client"}),
		p.put(ctx, p.home, prefix+"inv", "a file", nil), p.put(ctx, p.pair, prefix+"inv/1", "below it", nil),
		p.put(ctx, p.home, prefix+"a//b", "two slashes", nil), p.put(ctx, p.home, prefix+"a/b", "one slash", nil),
		p.put(ctx, p.pair, prefix+"a/./b", "a dot", nil), p.put(ctx, p.pair, prefix+"a/", "", nil),
	); err != nil {
		return "", err
	}
	// An application reads a copy, edits it, and puts it back with the metadata that it has read.
	metadata, err := retry(ctx, func() (map[string]string, error) {
		_, metadata, ok, err := p.store.Get(ctx, p.pair, prefix+"edited")
		if err == nil && !ok {
			err = fmt.Errorf("%sedited is not in %s", prefix, p.pair)
		}
		return metadata, err
	})
	if err != nil {
		return "", err
	}
	ours := len(metadata) - len(p.metadata[prefix+"edited"])
	if err := p.put(ctx, p.pair, prefix+"edited", "second", metadata); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d objects; a copy has %d names of metadata more than its original", len(p.want), ours), nil
}

// verify looks every poisoned object up in both regions: what is not there must be named.
func (p *poison) verify(ctx context.Context, r *drill.Run) (string, error) {
	m, err := movePlatform(r)
	if err != nil {
		return "", err
	}
	missing, err := p.differs(ctx)
	if err != nil {
		return "", err
	}
	_, plan, _, err := m.Home(ctx)
	if err != nil {
		return "", err
	}
	unnamed, untrue := 0, 0
	for _, key := range missing {
		if !slices.ContainsFunc(plan.Stuck, func(s fact.ObjectStuck) bool { return s.Key == key }) {
			unnamed++
		}
	}
	if plan.Ready != (len(missing) == 0) {
		untrue = 1
	}
	r.Objective(drill.AtMost("poisoned_lost", "count", 0, float64(len(missing))))
	r.Objective(drill.AtMost("conflicts_unnamed", "count", 0, float64(unnamed)))
	r.Objective(drill.AtMost("plans_untrue", "count", 0, float64(untrue)))
	return fmt.Sprintf("%d of %d differ: %q; the plan: %s", len(missing), len(p.want), missing, cmp.Or(plan.WhyNot(), "possible now")), nil
}
