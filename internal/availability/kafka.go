package availability

import (
	"fmt"
	"slices"
	"time"

	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/spec"
)

// freshQuorum is how long ago a voter may last have had all of the quorum's log.
const freshQuorum = 5 * time.Second

// KafkaReadiness answers for a Kafka cluster: could it lose any broker now, and go on
// acknowledging every record to every producer. Candidates are the brokers that could lead
// the controller quorum in the place of the one that does.
func KafkaReadiness(k fact.Kafka, policy spec.Kafka, now time.Time) Readiness {
	r := Readiness{Cluster: k.Cluster, At: now, Candidates: []string{}, Leader: k.Controller, Reasons: kafkaTrouble(k, now)}
	for _, b := range kafkaOrder(k) {
		why := kafkaWithout(k, policy, b.Node)
		if len(why) == 0 && len(r.Reasons) == 0 && b.ID != k.Controller {
			r.Candidates = append(r.Candidates, b.ID)
		}
		for _, w := range why {
			r.Reasons = appendOnce(r.Reasons, w)
		}
	}
	r.Ready = len(r.Reasons) == 0 && len(r.Candidates) > 0
	if len(r.Reasons) > 0 {
		r.Candidates = r.Candidates[:0]
	}
	return r
}

// KafkaRefusal says why a broker must not be taken down now, in words and in the order in
// which to act; nothing when it may. It refuses what it cannot see: facts that are old, a
// topic whose minimum is not known, a quorum that nobody leads. A cluster that is not
// whole refuses everything, because what would be lost next is not what was planned.
func KafkaRefusal(k fact.Kafka, policy spec.Kafka, broker string, now time.Time) []string {
	i := slices.IndexFunc(k.Brokers, func(b fact.KafkaBroker) bool { return b.ID == broker })
	if i < 0 {
		return []string{fmt.Sprintf("%s has no broker %q", k.Cluster, broker)}
	}
	if why := kafkaTrouble(k, now); len(why) > 0 {
		return why
	}
	return kafkaWithout(k, policy, k.Brokers[i].Node)
}

// kafkaTrouble says what keeps the cluster from being whole.
func kafkaTrouble(k fact.Kafka, now time.Time) []string {
	if now.Sub(k.At) > freshMember {
		return []string{"the brokers have not told their partitions" + since(k.At, now) + ": " + orUnknown(k.Error)}
	}
	var why []string
	if k.Controller == "" {
		why = append(why, "no controller leads the quorum")
	}
	for _, b := range k.Brokers {
		switch {
		case !b.Registered:
			why = append(why, b.ID+" is not part of the cluster: "+orUnknown(b.Error))
		case now.Sub(b.Seen) > freshMember:
			why = append(why, b.ID+" does not answer"+since(b.Seen, now)+": "+orUnknown(b.Error))
		case !b.Voter:
			why = append(why, b.ID+" has no vote in the controller quorum")
		case b.ID != k.Controller && now.Sub(b.CaughtUp) > freshQuorum:
			why = append(why, b.ID+" is behind the controller quorum"+since(b.CaughtUp, now))
		}
	}
	var offline, under []string
	for _, t := range k.Topics {
		for _, p := range t.Partitions {
			name := fmt.Sprintf("%s-%d has %d of %d copies in sync", t.Name, p.Number, len(p.InSync), len(p.Replicas))
			if p.Leader < 0 || !slices.Contains(p.InSync, p.Leader) {
				offline = append(offline, name)
			} else if len(p.InSync) < len(p.Replicas) {
				under = append(under, name)
			}
		}
	}
	if len(offline) > 0 {
		why = append(why, fmt.Sprintf("%d partitions have no leader, for example %s", len(offline), offline[0]))
	}
	if len(under) > 0 {
		why = append(why, fmt.Sprintf("%d partitions miss copies, for example %s", len(under), under[0]))
	}
	return why
}

// kafkaWithout says what would stop if the broker of that number were gone.
func kafkaWithout(k fact.Kafka, policy spec.Kafka, node int32) []string {
	var why []string
	voters, left := 0, 0
	for _, b := range k.Brokers {
		if b.Voter {
			voters++
			if b.Node != node {
				left++
			}
		}
	}
	if 2*left <= voters {
		why = append(why, fmt.Sprintf("%d of %d controllers would be left, no majority", left, voters))
	}
	for _, t := range k.Topics {
		for _, p := range t.Partitions {
			if !slices.Contains(p.Replicas, node) {
				continue
			}
			left := 0
			for _, r := range p.InSync {
				if r != node {
					left++
				}
			}
			least := max(t.MinInSync, 1)
			switch {
			case len(p.Replicas) < 2:
				why = append(why, fmt.Sprintf("topic %s has a single copy of partition %d: give it %d with kafka-reassign-partitions", t.Name, p.Number, max(policy.ReplicationFactor, 2)))
			case t.MinInSync == 0:
				why = append(why, fmt.Sprintf("how many copies topic %s needs in sync is not known", t.Name))
			case left < least:
				why = append(why, fmt.Sprintf("%s-%d would have %d copies in sync and takes records from %d on", t.Name, p.Number, left, least))
			default:
				continue
			}
			break // one partition of a topic says enough
		}
	}
	return why
}

// kafkaOrder returns the brokers in the order in which to restart them: the active
// controller last, so that the quorum elects once and not three times.
func kafkaOrder(k fact.Kafka) []fact.KafkaBroker {
	out := slices.Clone(k.Brokers)
	slices.SortStableFunc(out, func(a, b fact.KafkaBroker) int {
		switch {
		case a.ID == k.Controller && b.ID != k.Controller:
			return 1
		case b.ID == k.Controller && a.ID != k.Controller:
			return -1
		}
		return int(a.Node - b.Node)
	})
	return out
}

func appendOnce(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}
