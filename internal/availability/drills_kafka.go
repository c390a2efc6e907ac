package availability

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/greenlang/fournines/internal/drill"
)

func kafkaDrills() []drill.Drill {
	return []drill.Drill{{
		Reaches: true, Needs: drill.Needs{Brokers: 2},
		Name: "broker-loss", Rows: []string{"7.1.6", "7.1.8"}, Description: "kills the Kafka broker that is the active controller, while records are produced with acks=all",
		BlastRadius: "one broker of three; a third of the partitions pause until others lead them", Verifies: "every acknowledged record is read back afterwards, once",
		Steps: brokerSteps("process-kill"),
	}, {
		Reaches: true, Needs: drill.Needs{Brokers: 3},
		Name: "kafka-empty", Rows: []string{"7.1.6", "7.1.8"}, Description: "takes the data of the Kafka broker that is the active controller away and kills it, while records are produced with acks=all",
		BlastRadius: "one broker of three, until it has copied its partitions from the others", Verifies: "every acknowledged record is read back afterwards, once, and the broker has all of its copies again",
		Steps: brokerSteps("kafka-empty", drill.Action{Name: "back", Timeout: backWithin, Do: awaitBack}),
	}, {
		Reaches: true, Needs: drill.Needs{Brokers: 2, Pair: true},
		Name: "mirror-poisoned", Rows: []string{"7.1.6", "7.1.9"}, Description: "writes what a mirror of Kafka could stumble over: large compressed records, aborted transactions, a topic that is made anew while the mirror is frozen",
		BlastRadius: "none for customers: topics come to the partner region later", Verifies: "the copies have every committed record and no aborted one, and the plan to evacuate says what is behind",
		Steps: mirrorSteps(),
	}}
}

// brokerSteps run a second load, against Kafka itself, and break the active controller's broker.
func brokerSteps(fault string, back ...drill.Action) []drill.Action {
	var queue *drill.Load
	return slices.Concat([]drill.Action{
		ready(),
		load(),
		{Name: "load queue", Timeout: time.Minute, Do: func(ctx context.Context, r *drill.Run) (string, error) {
			p, err := platform(r)
			if err != nil {
				return "", err
			}
			w := p.Queue()
			if w == nil {
				return "", errors.New("the region runs no Kafka, or a single broker: declare spec.engines.kafka.brokers: 3 and run it in an active region")
			}
			queue = &drill.Load{Writer: w, Prefix: r.Report.ID, Every: 40 * time.Millisecond, Limit: failoverBound * time.Second, Worker: 4}
			queue.Start(context.WithoutCancel(ctx))
			return "", queue.Await(ctx, steady, time.Time{})
		}},
		{Name: "break", Timeout: 40 * time.Second, Do: func(ctx context.Context, r *drill.Run) (string, error) {
			return breakLeader(ctx, r, "kafka", fault, itself)
		}},
		{Name: "failover", Timeout: 2 * time.Minute, Do: func(ctx context.Context, r *drill.Run) (string, error) {
			return awaitLeader(ctx, r, "kafka", true)
		}},
		{Name: "produce again", Timeout: time.Minute, Do: func(ctx context.Context, _ *drill.Run) (string, error) {
			return "", queue.Await(ctx, steady/2, time.Now())
		}},
	}, back, []drill.Action{
		heal(),
		{Name: "verify", Timeout: 2 * time.Minute, Do: func(ctx context.Context, r *drill.Run) (string, error) {
			queue.Stop()
			lost, doubled, err := queue.Check(ctx)
			if err != nil {
				return "", err
			}
			gap, recovered := queue.Recovered(r.FaultAt)
			n, refused := queue.Acknowledged()
			r.Objective(drill.AtLeast("records_acknowledged", "count", steady, float64(n)))
			r.Objective(drill.AtMost("records_lost", "count", 0, float64(len(lost))))
			r.Objective(drill.AtMost("records_doubled", "count", 0, float64(len(doubled))))
			r.Objective(drill.AtMost("records_refused", "count", 0, float64(refused)))
			r.Objective(drill.AtMost("record_gap", "seconds", failoverBound, gap.Seconds()))
			r.Objective(drill.AtMost("record_recover", "seconds", failoverBound, recovered.Seconds()))
			detail, err := verifyWrites(ctx, r, false)
			return fmt.Sprintf("%d records acknowledged, %d refused, %d lost, %d doubled; %s", n, refused, len(lost), len(doubled), detail), err
		}},
	})
}
