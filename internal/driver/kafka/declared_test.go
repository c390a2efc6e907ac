package kafka_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/greenlang/fournines/internal/driver/kafka"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/platformtest/loopback"
	"github.com/greenlang/fournines/internal/platformtest/strict"
	"github.com/greenlang/fournines/internal/spec"
)

// TestWhatIsNotAsDeclared_7_1_6 changes a real broker's settings behind the platform's back: each shows at the
// next look, and shows no more once it is set back. What is not declared is anybody's.
func TestWhatIsNotAsDeclared_7_1_6(t *testing.T) {
	java, err := kafka.FindJava(place.EnginesRoot())
	if err != nil {
		strict.Skip(t, "that changed settings of a real broker are seen", fmt.Errorf("%w; run `make engines`", err))
	}
	policy := spec.Kafka{Brokers: 1, ReplicationFactor: 1, MinInSync: 1}
	m := kafka.Member{Cluster: "us-east-1/kafka", Addresses: []string{loopback.New(t).IP(1, 1)}, Number: 1}
	run(t, "broker", command(t, java, m), map[string]string{"server.properties": m.Config(policy), "log4j2.properties": kafka.Logging()})
	l := &kafka.Looker{Cluster: m.Cluster, Copies: 1, Least: 1, Brokers: []kafka.Broker{{ID: "us-east-1/a/kafka", Node: 1, Address: fmt.Sprintf("%s:%d", m.Addresses[0], kafka.Port), Declared: m.Declared(policy)}}}
	t.Cleanup(l.Close)
	seen := fact.Kafka{}
	shows := func(want ...string) {
		t.Helper()
		await(t, "the settings do not show", func(ctx context.Context) error {
			seen = l.Look(ctx, seen, time.Now)
			got := slices.Concat(seen.Differs, seen.Brokers[0].Differs)
			if seen.Error != "" || strings.Join(got, "; ") != strings.Join(want, "; ") || seen.Drift.IsZero() != (len(want) == 0) {
				return fmt.Errorf("%q since %v, want %q; %s", got, seen.Drift, want, seen.Error)
			}
			return nil
		})
	}
	shows()
	c, err := l.Client()
	if err != nil {
		t.Fatal(err)
	}
	adm := kadm.NewClient(c)
	alter := func(op kadm.IncrementalOp, name, value string, brokers ...int32) {
		t.Helper()
		all, err := adm.AlterBrokerConfigs(t.Context(), []kadm.AlterConfig{{Op: op, Name: name, Value: &value}}, brokers...)
		if err != nil || all[0].Err != nil {
			t.Fatal(err, all)
		}
	}
	alter(kadm.SetConfig, "log.retention.ms", "3600000")
	alter(kadm.SetConfig, "unclean.leader.election.enable", "true")
	alter(kadm.SetConfig, "message.max.bytes", "1000", 1)
	shows("message.max.bytes is 1000, declared is "+m.Declared(policy)["message.max.bytes"], "unclean.leader.election.enable is true, declared is false")
	since := seen.Drift
	alter(kadm.DeleteConfig, "message.max.bytes", "", 1)
	shows("unclean.leader.election.enable is true, declared is false")
	if !seen.Drift.Equal(since) {
		t.Errorf("it differs since %v, then since %v", since, seen.Drift)
	}
	alter(kadm.DeleteConfig, "unclean.leader.election.enable", "")
	shows()

	yes := "true"
	if _, err := adm.CreateTopic(t.Context(), 1, 1, map[string]*string{"unclean.leader.election.enable": &yes}, "risky"); err != nil {
		t.Fatal(err)
	}
	shows("unclean.leader.election.enable of topic risky is true, declared is false")
	l.Copies, l.Least = 3, 2 // as if the region had three brokers
	one := "1"
	if _, err := adm.CreateTopic(t.Context(), 1, 1, map[string]*string{"min.insync.replicas": &one}, "weak"); err != nil {
		t.Fatal(err)
	}
	shows("min.insync.replicas of topic weak is 1, declared is 2", "topic risky has 1 copies of partition 0, declared are 3",
		"topic weak has 1 copies of partition 0, declared are 3", "unclean.leader.election.enable of topic risky is true, declared is false")
}
