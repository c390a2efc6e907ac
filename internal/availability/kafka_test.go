package availability

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/spec"
)

var kafkaPolicy = spec.Kafka{Brokers: 3, ReplicationFactor: 3, MinInSync: 2}

func wholeKafka(now time.Time) fact.Kafka {
	k := fact.Kafka{Cluster: "us-east-1/kafka", At: now, Controller: "us-east-1/b/kafka"}
	for i, z := range []string{"a", "b", "c"} {
		k.Brokers = append(k.Brokers, fact.KafkaBroker{ID: "us-east-1/" + z + "/kafka", Node: int32(i + 1), Seen: now, Registered: true, Voter: true, CaughtUp: now}) //nolint:gosec // three
	}
	for _, name := range []string{"__consumer_offsets", "runs"} {
		t := fact.KafkaTopic{Name: name, MinInSync: 2}
		for p := range int32(3) {
			t.Partitions = append(t.Partitions, fact.KafkaPartition{Number: p, Leader: p + 1, Replicas: []int32{1, 2, 3}, InSync: []int32{1, 2, 3}})
		}
		k.Topics = append(k.Topics, t)
	}
	return k
}

// TestKafka plays the scenarios of testdata/kafka.txt.
func TestKafka(t *testing.T) {
	t.Parallel()
	var k fact.Kafka
	now := zero
	datadriven.RunTest(t, "testdata/kafka.txt", func(t *testing.T, d *datadriven.TestData) string {
		switch d.Cmd {
		case "whole":
			now = zero
			k = wholeKafka(now)
		case "after":
			wait, err := time.ParseDuration(d.CmdArgs[0].Key)
			if err != nil {
				d.Fatalf(t, "%v", err)
			}
			now = now.Add(wait)
		case "set":
			for line := range strings.SplitSeq(strings.TrimSpace(d.Input), "\n") {
				setKafka(t, d, &k, strings.Fields(line))
			}
		case "restart":
			if why := KafkaRefusal(k, kafkaPolicy, "us-east-1/"+d.CmdArgs[0].Key+"/kafka", now); len(why) > 0 {
				return "refused\n" + strings.Join(why, "\n") + "\n"
			}
			return "allowed\n"
		case "readiness":
			r := KafkaReadiness(k, kafkaPolicy, now)
			return fmt.Sprintf("ready=%v leader=%s candidates=%v\n%s", r.Ready, r.Leader, r.Candidates, strings.Join(append(r.Reasons, ""), "\n"))
		default:
			d.Fatalf(t, "unknown command %s", d.Cmd)
		}
		return "ok\n"
	})
}

func setKafka(t *testing.T, d *datadriven.TestData, k *fact.Kafka, f []string) {
	t.Helper()
	number := func(s string) int32 {
		n, err := strconv.ParseInt(s, 10, 32)
		if err != nil {
			d.Fatalf(t, "%v", err)
		}
		return int32(n)
	}
	broker := func(zone string) *fact.KafkaBroker {
		return &k.Brokers[slices.IndexFunc(k.Brokers, func(b fact.KafkaBroker) bool { return b.ID == "us-east-1/"+zone+"/kafka" })]
	}
	topic := func(name string) *fact.KafkaTopic {
		i := slices.IndexFunc(k.Topics, func(t fact.KafkaTopic) bool { return t.Name == name })
		if i < 0 {
			k.Topics = append(k.Topics, fact.KafkaTopic{Name: name, MinInSync: 2})
			i = len(k.Topics) - 1
		}
		return &k.Topics[i]
	}
	nodes := func(s string) (out []int32) {
		for n := range strings.SplitSeq(s, ",") {
			out = append(out, number(n))
		}
		return out
	}
	switch f[0] {
	case "error":
		k.Error = strings.Join(f[1:], " ")
	case "controller": // controller ZONE, or none
		if k.Controller = "us-east-1/" + f[1] + "/kafka"; f[1] == "none" {
			k.Controller = ""
		}
	case "gone": // gone ZONE
		broker(f[1]).Registered, broker(f[1]).Error = false, "connection refused"
	case "mute":
		broker(f[1]).Seen = broker(f[1]).Seen.Add(-time.Minute)
	case "behind":
		broker(f[1]).CaughtUp = broker(f[1]).CaughtUp.Add(-time.Minute)
	case "partition": // partition TOPIC NUMBER LEADER REPLICAS IN-SYNC
		p := fact.KafkaPartition{Number: number(f[2]), Leader: number(f[3]), Replicas: nodes(f[4]), InSync: nodes(f[5])}
		ps := &topic(f[1]).Partitions
		if i := slices.IndexFunc(*ps, func(o fact.KafkaPartition) bool { return o.Number == p.Number }); i >= 0 {
			(*ps)[i] = p
		} else {
			*ps = append(*ps, p)
		}
	case "least": // least TOPIC COPIES
		topic(f[1]).MinInSync = int(number(f[2]))
	case "single": // the lean shape
		k.Brokers, k.Controller = k.Brokers[:1], k.Brokers[0].ID
		for i := range k.Topics {
			k.Topics[i].MinInSync = 1
			for j := range k.Topics[i].Partitions {
				p := &k.Topics[i].Partitions[j]
				p.Leader, p.Replicas, p.InSync = 1, []int32{1}, []int32{1}
			}
		}
	default:
		d.Fatalf(t, "unknown word %q", f[0])
	}
}

// random returns a cluster in any state, likely enough a whole one that something is allowed.
func randomKafka(r *rand.Rand, now time.Time) fact.Kafka {
	brokers := 1 + r.IntN(5)
	k := fact.Kafka{Cluster: "r/kafka", At: now.Add(-time.Duration(r.IntN(6)) * time.Second)}
	rare := func() bool { return r.IntN(25) == 0 }
	for n := range brokers {
		b := fact.KafkaBroker{ID: "r/" + strconv.Itoa(n+1) + "/kafka", Node: int32(n + 1), Seen: now, Registered: !rare(), Voter: !rare(), CaughtUp: now} //nolint:gosec // few
		if rare() {
			b.Seen = now.Add(-time.Hour)
		}
		if rare() {
			b.CaughtUp = now.Add(-time.Hour)
		}
		k.Brokers = append(k.Brokers, b)
	}
	if !rare() {
		k.Controller = k.Brokers[r.IntN(brokers)].ID
	}
	for i := range r.IntN(4) {
		t := fact.KafkaTopic{Name: "t" + strconv.Itoa(i), MinInSync: r.IntN(4)}
		for p := range 1 + r.Int32N(4) {
			nodes := r.Perm(brokers)[:1+r.IntN(brokers)]
			part := fact.KafkaPartition{Number: p, Leader: -1}
			for _, n := range nodes {
				part.Replicas = append(part.Replicas, int32(n+1)) //nolint:gosec // few
				if !rare() {
					part.InSync = append(part.InSync, int32(n+1)) //nolint:gosec // few
				}
			}
			if len(part.InSync) > 0 && !rare() {
				part.Leader = part.InSync[r.IntN(len(part.InSync))]
			}
			t.Partitions = append(t.Partitions, part)
		}
		k.Topics = append(k.Topics, t)
	}
	return k
}

// survives is the model: what the world is like when the broker is gone. It is written
// without looking at the guard, from what Kafka does with an acks=all record.
func survives(k fact.Kafka, id string, now time.Time) bool {
	var node int32
	alive, voters := 0, 0
	for _, b := range k.Brokers {
		up := b.Registered && now.Sub(b.Seen) <= freshMember && b.Voter && (b.ID == k.Controller || now.Sub(b.CaughtUp) <= freshQuorum)
		if !up {
			return false // it was not whole before
		}
		voters++
		if b.ID == id {
			node = b.Node
		} else {
			alive++
		}
	}
	if node == 0 || k.Controller == "" || now.Sub(k.At) > freshMember || alive < voters/2+1 {
		return false
	}
	for _, t := range k.Topics {
		for _, p := range t.Partitions {
			all := map[int32]bool{}
			for _, n := range p.InSync {
				all[n] = true
			}
			if !all[p.Leader] || len(all) != len(p.Replicas) {
				return false
			}
			if !all[node] {
				continue // nothing of it is there
			}
			delete(all, node)
			if t.MinInSync == 0 || len(all) == 0 || len(all) < t.MinInSync {
				return false
			}
		}
	}
	return true
}

// TestTheGuardAllowsExactlyWhatSurvives holds the guard against the model over many
// clusters: nothing is allowed that would stop a producer, and nothing refused for nothing.
func TestTheGuardAllowsExactlyWhatSurvives(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(7, 16)) //nolint:gosec // the same clusters each time
	allowed, refused := 0, 0
	for range 200_000 {
		k := randomKafka(r, zero)
		for _, b := range append(k.Brokers, fact.KafkaBroker{ID: "r/9/kafka"}) {
			why := KafkaRefusal(k, kafkaPolicy, b.ID, zero)
			if ok := survives(k, b.ID, zero); ok != (len(why) == 0) {
				t.Fatalf("the model says %v for %s, the guard %q:\n%+v", ok, b.ID, why, k)
			} else if ok {
				allowed++
			} else {
				refused++
			}
			if ready := KafkaReadiness(k, kafkaPolicy, zero); ready.Ready && len(why) > 0 && b.Node > 0 {
				t.Fatalf("it is ready to lose any broker, and %s is refused: %v\n%+v", b.ID, why, k)
			}
		}
	}
	if allowed < 10_000 || refused < 10_000 {
		t.Fatalf("only %d were allowed and %d refused: too few to prove anything", allowed, refused)
	}
}
