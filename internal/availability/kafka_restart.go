package availability

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/spec"
)

// KindKafkaRestart restarts the brokers of a cluster one after another, each only while
// the others serve everything.
const KindKafkaRestart = "kafka.restart"

// Brokers reads a region's Kafka and restarts its brokers.
type Brokers interface {
	Kafka(cluster string) fact.Kafka
	// Restart asks one broker to end, which hands its partitions over first, and returns
	// once it has begun a new life. A restart of a name that it has done already does nothing.
	Restart(ctx context.Context, component, name string) error
	// Restarted tells whether the broker's life began after the restart of that name.
	Restarted(component, name string) bool
}

// Kafka carries out the actions on Kafka.
type Kafka struct {
	Brokers Brokers
	Policy  spec.Kafka
	Now     func() time.Time
}

// KafkaRestartArgs are the arguments of kafka.restart.
type KafkaRestartArgs struct {
	Cluster string `json:"cluster"`
}

// Kinds returns the kinds of actions, for control. Each broker has three steps of its own:
// it is chosen, which is kept, restarted, and waited for.
func (x Kafka) Kinds() []control.Kind {
	k := control.Kind{Name: KindKafkaRestart, Guard: x.guard}
	for n := range x.Policy.Brokers {
		k.Steps = append(k.Steps,
			control.Step{Name: chooseStep(n), Timeout: 2 * time.Minute, Do: func(ctx context.Context, r *control.Run) (any, error) { return x.choose(ctx, r, n) }},
			control.Step{Name: fmt.Sprintf("restart-%d", n+1), Timeout: 3 * time.Minute, Do: func(ctx context.Context, r *control.Run) (any, error) { return nil, x.restart(ctx, r, n) }},
			control.Step{Name: fmt.Sprintf("rejoin-%d", n+1), Timeout: 5 * time.Minute, Do: func(ctx context.Context, r *control.Run) (any, error) { return x.rejoin(ctx, r, n) }},
		)
	}
	return []control.Kind{k}
}

func chooseStep(n int) string { return fmt.Sprintf("choose-%d", n+1) }

func (x Kafka) guard(_ context.Context, a control.Action) error {
	args, err := decode[KafkaRestartArgs](&control.Run{Action: a})
	if err != nil {
		return err
	}
	k := x.Brokers.Kafka(args.Cluster)
	if len(k.Brokers) != x.Policy.Brokers {
		return fmt.Errorf("%s has %d brokers: a restart without a pause needs the %d that are declared", args.Cluster, len(k.Brokers), x.Policy.Brokers)
	}
	if r := KafkaReadiness(k, x.Policy, x.Now()); !r.Ready {
		return fmt.Errorf("%s could not lose a broker now: %s", args.Cluster, strings.Join(r.Reasons, "; "))
	}
	return nil
}

// choose waits until one of the brokers that are left may go, and keeps which. A cluster
// that stays broken fails the step, and nothing was taken from it.
func (x Kafka) choose(ctx context.Context, r *control.Run, n int) (any, error) {
	a, err := decode[KafkaRestartArgs](r)
	if err != nil {
		return nil, err
	}
	done, err := chosenBefore(r, n)
	if err != nil {
		return nil, err
	}
	return retry(ctx, func() (string, error) {
		k := x.Brokers.Kafka(a.Cluster)
		why := []string{"every broker has been restarted"}
		for _, b := range kafkaOrder(k) {
			if slices.Contains(done, b.ID) {
				continue
			}
			if why = KafkaRefusal(k, x.Policy, b.ID, x.Now()); len(why) == 0 {
				return b.ID, nil
			}
			break // only the next one: the controller is not taken because another may not go
		}
		return "", fmt.Errorf("no broker may go: %s", strings.Join(why, "; "))
	})
}

func chosenBefore(r *control.Run, n int) ([]string, error) {
	var done []string
	for i := range n {
		id, err := chosenBroker(r, i)
		if err != nil {
			return nil, err
		}
		done = append(done, id)
	}
	return done, nil
}

func chosenBroker(r *control.Run, n int) (string, error) {
	var id string
	ok, err := r.Result(chooseStep(n), &id)
	if err == nil && !ok {
		err = errors.New("no broker was chosen")
	}
	return id, err
}

// restart asks the guard again, in the moment before: the choice may be minutes old where
// the server was away. A broker that an earlier life of the step has restarted is left alone.
func (x Kafka) restart(ctx context.Context, r *control.Run, n int) error {
	a, err := decode[KafkaRestartArgs](r)
	if err != nil {
		return err
	}
	id, err := chosenBroker(r, n)
	if err != nil {
		return err
	}
	name := Key(r.Key, strconv.Itoa(n+1))
	_, err = retry(ctx, func() (struct{}, error) {
		if x.Brokers.Restarted(id, name) {
			return struct{}{}, nil
		}
		if why := KafkaRefusal(x.Brokers.Kafka(a.Cluster), x.Policy, id, x.Now()); len(why) > 0 {
			return struct{}{}, fmt.Errorf("%s may not go now: %s", id, strings.Join(why, "; "))
		}
		return struct{}{}, x.Brokers.Restart(ctx, id, name)
	})
	return err
}

// rejoin waits until the broker is back and the cluster is whole, by facts that are newer
// than its restart.
func (x Kafka) rejoin(ctx context.Context, r *control.Run, n int) (any, error) {
	a, err := decode[KafkaRestartArgs](r)
	if err != nil {
		return nil, err
	}
	id, err := chosenBroker(r, n)
	if err != nil {
		return nil, err
	}
	began := x.Now()
	return retry(ctx, func() (string, error) {
		k := x.Brokers.Kafka(a.Cluster)
		if !k.At.After(began) {
			return "", fmt.Errorf("no fact about %s has arrived since %s was restarted", a.Cluster, id)
		}
		if why := kafkaTrouble(k, x.Now()); len(why) > 0 {
			return "", fmt.Errorf("%s was restarted, but the cluster is not whole: %s", id, strings.Join(why, "; "))
		}
		for _, b := range k.Brokers {
			if b.ID == id && b.Seen.After(began) {
				return id + " is back, every copy is in sync", nil
			}
		}
		return "", fmt.Errorf("%s does not answer yet", id)
	})
}
