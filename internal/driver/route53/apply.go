package route53

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsroute53 "github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
)

// Result is what an application of a wish did.
type Result struct {
	Changes int      `json:"changes"` // of records
	Batches []string `json:"batches"` // Route 53's ids of them, all of which have reached its name servers
	Made    int      `json:"made"`    // health checks
	Dropped int      `json:"dropped"`
}

// rounds is how often the zone is read before it is given up: making checks, changing
// records and dropping checks are seen by reading again, and each may be cut short once.
const rounds = 6

// Apply changes the zone until, read back, it says what is wanted; where it does already
// nothing is changed. It may be interrupted at any moment, by kill -9 too: what is wanted
// is compared with what is there, so that the next one goes on. What is acknowledged and
// not there is [ErrUnproved]; somebody else's record in the way is [ErrForeign].
func (z *Zone) Apply(ctx context.Context, want Want) (Result, error) {
	var out Result
	var last Steps
	for round := range rounds {
		have, err := z.Read(ctx)
		if err != nil {
			return out, err
		}
		steps, err := Plan(want, have, z.opt.Changes)
		if err != nil {
			return out, z.fail("change", err)
		}
		if steps.Done() {
			return out, nil
		}
		if round > 0 && repeats(last, steps) {
			return out, z.fail("change", fmt.Errorf("%w: still to do are %d health checks, %s, and %d checks to drop", ErrUnproved, len(steps.Make), first(steps.Batches), len(steps.Drop)))
		}
		last = steps
		if err := z.step(ctx, steps, have, &out); err != nil {
			return out, err
		}
	}
	return out, z.fail("change", fmt.Errorf("%w after %d readings: somebody else changes it as well", ErrUnproved, rounds))
}

// step does the first kind of thing that is to be done.
func (z *Zone) step(ctx context.Context, s Steps, have Have, out *Result) error {
	switch {
	case len(s.Make) > 0:
		for _, c := range s.Make {
			if err := z.make(ctx, c); err != nil {
				return z.fail("make health check "+c.Reference+" for", err)
			}
			out.Made++
		}
	case len(s.Batches) > 0:
		ids := map[string]string{}
		for _, c := range have.Checks {
			ids[c.Reference] = c.ID
		}
		for _, b := range s.Batches {
			id, err := z.change(ctx, b, ids)
			if err != nil {
				return z.fail("change", err)
			}
			out.Batches, out.Changes = append(out.Batches, id), out.Changes+len(b)
		}
	default:
		for _, c := range s.Drop {
			if _, err := z.client.DeleteHealthCheck(ctx, &awsroute53.DeleteHealthCheckInput{HealthCheckId: &c.ID}); err != nil {
				return z.fail("drop health check "+c.Reference+" of", err)
			}
			out.Dropped++
		}
	}
	return nil
}

// The rhythm of Route 53's own checks: its fastest.
const (
	checkInterval = 10 // seconds
	checkFailures = 3
)

func (z *Zone) make(ctx context.Context, c Check) error {
	_, err := z.client.CreateHealthCheck(ctx, &awsroute53.CreateHealthCheckInput{
		CallerReference: aws.String(c.Reference + "/" + rand.Text()[:12]), // the same for each attempt of this request
		HealthCheckConfig: &types.HealthCheckConfig{
			Type: types.HealthCheckTypeHttp, IPAddress: &c.Address, Port: aws.Int32(int32(c.Port)), ResourcePath: &c.Path,
			RequestInterval: aws.Int32(checkInterval), FailureThreshold: aws.Int32(checkFailures),
		},
	})
	return err
}

// change submits one batch, which Route 53 applies whole or not at all, and waits until
// its name servers have it.
func (z *Zone) change(ctx context.Context, batch []Change, ids map[string]string) (string, error) {
	in := &types.ChangeBatch{Comment: aws.String("fournines")}
	for _, c := range batch {
		set := setOf(c.Record, ids)
		in.Changes = append(in.Changes, types.Change{Action: types.ChangeAction(c.Action), ResourceRecordSet: &set})
	}
	answer, err := z.client.ChangeResourceRecordSets(ctx, &awsroute53.ChangeResourceRecordSetsInput{HostedZoneId: &z.opt.HostedZone, ChangeBatch: in})
	if err != nil {
		return "", err
	}
	if answer.ChangeInfo == nil || answer.ChangeInfo.Id == nil {
		return "", fmt.Errorf("%w: the answer names no change", ErrUnproved)
	}
	id := *answer.ChangeInfo.Id
	for status := answer.ChangeInfo.Status; status != types.ChangeStatusInsync; {
		t := time.NewTimer(z.opt.Spread)
		select {
		case <-ctx.Done():
			t.Stop()
			return id, fmt.Errorf("wait for change %s to reach the name servers: %w", id, ctx.Err())
		case <-t.C:
		}
		now, err := z.client.GetChange(ctx, &awsroute53.GetChangeInput{Id: &id})
		if err != nil {
			return id, fmt.Errorf("ask after change %s: %w", id, err)
		}
		if now.ChangeInfo != nil {
			status = now.ChangeInfo.Status
		}
	}
	return id, nil
}

func setOf(r Record, ids map[string]string) types.ResourceRecordSet {
	out := types.ResourceRecordSet{Name: &r.Name, Type: types.RRType(r.Type), SetIdentifier: &r.Set, TTL: &r.TTL}
	if r.Region != "" {
		out.Region = types.ResourceRecordSetRegion(r.Region)
	} else {
		out.Weight = &r.Weight
	}
	for _, v := range r.Values {
		out.ResourceRecords = append(out.ResourceRecords, types.ResourceRecord{Value: &v})
	}
	if r.Check != "" {
		out.HealthCheckId = aws.String(idOf(r.Check, ids))
	}
	return out
}

// idOf returns Route 53's id of a check; one that is gone is named by its id alone.
func idOf(reference string, ids map[string]string) string {
	if id, gone := strings.CutPrefix(reference, gonePrefix); gone {
		return id
	}
	return ids[reference]
}

// repeats tells whether a reading asks for exactly what the one before did.
func repeats(a, b Steps) bool {
	return len(a.Make) == len(b.Make) && len(a.Drop) == len(b.Drop) && fmt.Sprint(a.Batches) == fmt.Sprint(b.Batches)
}

func first(batches [][]Change) string {
	if len(batches) == 0 {
		return "no record"
	}
	n := 0
	for _, b := range batches {
		n += len(b)
	}
	return fmt.Sprintf("%d records from %s %s on", n, batches[0][0].Action, batches[0][0].Record)
}
