package availability

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/control/crashtest"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/state"
)

// queue is a Kafka cluster in a file, which outlives the process that is killed. A broker
// that is restarted is back after two looks; who led the quorum then no longer does.
type queue struct {
	path string

	Names      map[string]string // broker → newest restart
	Order      []string
	Down       string // broker that is on its way
	Looks      int    // until it is back
	Controller string
	TwoAtOnce  bool
}

func (q queue) change(f func(*queue) error) error {
	var now queue
	b, err := os.ReadFile(q.path)
	if err == nil {
		err = json.Unmarshal(b, &now)
	}
	if err == nil {
		err = f(&now)
	}
	if err != nil {
		return err
	}
	if b, err = json.Marshal(now); err != nil {
		return err
	}
	if err := os.WriteFile(q.path+".tmp", b, 0o600); err != nil {
		return err
	}
	return os.Rename(q.path+".tmp", q.path)
}

func (q queue) Kafka(string) fact.Kafka {
	k := wholeKafka(time.Now())
	if err := q.change(func(now *queue) error {
		k.Controller = now.Controller
		if now.Down == "" {
			return nil
		}
		for i := range k.Brokers {
			if b := &k.Brokers[i]; b.ID == now.Down {
				b.Registered, b.Seen = false, time.Time{}
			}
		}
		if now.Looks--; now.Looks <= 0 {
			now.Down = ""
		}
		return nil
	}); err != nil {
		panic(err)
	}
	return k
}

func (q queue) Restart(_ context.Context, id, name string) error {
	return q.change(func(now *queue) error {
		if now.Names[id] == name {
			return nil
		}
		now.TwoAtOnce = now.TwoAtOnce || now.Down != ""
		now.Names[id], now.Down, now.Looks = name, id, 2
		now.Order = append(now.Order, id)
		if now.Controller == id {
			now.Controller = "us-east-1/a/kafka"
		}
		return nil
	})
}

func (q queue) Restarted(id, name string) bool {
	done := false
	if err := q.change(func(now *queue) error { done = now.Names[id] == name; return nil }); err != nil {
		panic(err)
	}
	return done
}

func TestKafkaRestart_7_1_6_CrashAnywhere(t *testing.T) {
	a, err := control.NewAction("k", KindKafkaRestart, "us-east-1/kafka", KafkaRestartArgs{Cluster: "us-east-1/kafka"})
	if err != nil {
		t.Fatal(err)
	}
	file := func(dir string) string { return filepath.Join(dir, "queue.json") }
	crashtest.Run(t, crashtest.World{
		Action: a,
		Setup: func(dir string) error {
			b, err := json.Marshal(queue{Names: map[string]string{}, Controller: "us-east-1/b/kafka"})
			if err != nil {
				return err
			}
			return os.WriteFile(file(dir), b, 0o600)
		},
		Kinds: func(dir string, _ *state.Projection) []control.Kind {
			return Kafka{Brokers: queue{path: file(dir)}, Policy: kafkaPolicy, Now: time.Now}.Kinds()
		},
		Check: func(dir string, o control.Operation) error {
			if o.State != control.Succeeded {
				return fmt.Errorf("it is %s: %s", o.State, o.Error)
			}
			return queue{path: file(dir)}.change(func(q *queue) error {
				if want := []string{"us-east-1/a/kafka", "us-east-1/c/kafka", "us-east-1/b/kafka"}; !slices.Equal(q.Order, want) {
					return fmt.Errorf("restarted %v, want each once and the controller last: %v", q.Order, want)
				}
				if q.TwoAtOnce {
					return errors.New("a broker was taken while another was away")
				}
				return nil
			})
		},
	})
}

// broken is a cluster that loses a copy as soon as the first broker was restarted.
type broken struct{ queue }

func (b broken) Kafka(cluster string) fact.Kafka {
	k := b.queue.Kafka(cluster)
	if err := b.change(func(now *queue) error {
		if len(now.Order) > 0 {
			k.Topics[1].Partitions[0].InSync = []int32{1, 2}
		}
		return nil
	}); err != nil {
		panic(err)
	}
	return k
}

func TestARestartStopsWhereTheClusterStaysBroken(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "queue.json")
	if err := os.WriteFile(path, []byte(`{"Names":{},"Controller":"us-east-1/b/kafka"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	a, err := control.NewAction("k", KindKafkaRestart, "us-east-1/kafka", KafkaRestartArgs{Cluster: "us-east-1/kafka"})
	if err != nil {
		t.Fatal(err)
	}
	b := broken{queue{path: path}}
	x := Kafka{Brokers: b, Policy: kafkaPolicy, Now: time.Now}
	if err := x.guard(t.Context(), a); err != nil {
		t.Fatalf("a whole cluster is refused: %v", err)
	}
	if err := b.Restart(t.Context(), "us-east-1/a/kafka", "first"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if id, err := x.choose(ctx, &control.Run{Action: a}, 0); err == nil {
		t.Fatalf("%v was chosen although a copy is missing", id)
	}
	if err := x.guard(t.Context(), a); err == nil {
		t.Fatal("another restart was let in")
	}
}
