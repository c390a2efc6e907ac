package kafka_test

import (
	"strings"
	"testing"

	"github.com/greenlang/fournines/internal/driver/kafka"
	"github.com/greenlang/fournines/internal/spec"
)

var policy = spec.Kafka{Brokers: 3, ReplicationFactor: 3, MinInSync: 2, MirrorTo: "pair"}

func TestConfigSaysWhatTheSpecDeclares(t *testing.T) {
	t.Parallel()
	three := kafka.Member{Cluster: "us-east-1/kafka", Addresses: []string{"127.1.1.1", "127.1.2.1", "127.1.3.1"}, Number: 2}
	one := kafka.Member{Cluster: "us-west-2/kafka", Addresses: []string{"127.4.1.1"}, Number: 1}
	for _, c := range []struct {
		member kafka.Member
		has    []string
	}{
		{three, []string{
			"node.id=2\n", "controller.quorum.voters=1@127.1.1.1:9093,2@127.1.2.1:9093,3@127.1.3.1:9093\n", "advertised.listeners=PLAINTEXT://127.1.2.1:9092\n",
			"default.replication.factor=3\n", "min.insync.replicas=2\n", "unclean.leader.election.enable=false\n", "offsets.topic.replication.factor=3\n", "transaction.state.log.min.isr=2\n",
		}},
		{one, []string{"controller.quorum.voters=1@127.4.1.1:9093\n", "default.replication.factor=1\n", "min.insync.replicas=1\n", "offsets.topic.replication.factor=1\n"}},
	} {
		got := c.member.Config(policy)
		for _, want := range c.has {
			if !strings.Contains("\n"+got, "\n"+want) {
				t.Errorf("broker %d of %s has no line %q:\n%s", c.member.Number, c.member.Cluster, want, got)
			}
		}
	}
	if a, b := three.ClusterID(), one.ClusterID(); a == b || len(a) != 22 {
		t.Errorf("the clusters' ids are %q and %q", a, b)
	}
}

// Both directions are on, copies have the name of where they came from, and nothing waits
// for MirrorMaker's own minutes.
func TestMirrorConfig(t *testing.T) {
	t.Parallel()
	m := kafka.Mirror{Active: kafka.Side{Region: "us-east-1", Brokers: []string{"127.1.1.1:9092", "127.1.2.1:9092"}}, Standby: kafka.Side{Region: "us-west-2", Brokers: []string{"127.4.1.1:9092"}}}
	got := "\n" + m.Config(policy)
	for _, want := range []string{
		"us-east-1->us-west-2.enabled=true", "us-west-2->us-east-1.enabled=true", "us-east-1.bootstrap.servers=127.1.1.1:9092,127.1.2.1:9092",
		"replication.policy.class=org.apache.kafka.connect.mirror.DefaultReplicationPolicy", "sync.group.offsets.enabled=true",
		"refresh.topics.interval.seconds=10", "emit.checkpoints.interval.seconds=5", "sync.group.offsets.interval.seconds=5", "plugin.discovery=service_load",
	} {
		if !strings.Contains(got, "\n"+want+"\n") {
			t.Errorf("no line %q:\n%s", want, got)
		}
	}
	if name := kafka.Copy("us-east-1", "runs"); name != "us-east-1.runs" {
		t.Error(name)
	}
}
