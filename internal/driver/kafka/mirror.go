package kafka

import (
	"strings"

	"github.com/greenlang/fournines/internal/spec"
)

// Side is one of the two clusters that a mirror connects.
type Side struct {
	Region  string
	Brokers []string // host:port
}

// Mirror is MirrorMaker 2 between an active region and the one that stands by for it. One
// process beside the standby carries both directions: it copies what the active region's
// producers write, and, once the standby serves, brings home what they write there. Two
// processes would take twice the memory, and the second would add nothing: where the
// standby is lost there is nobody to copy to, and nobody to copy from.
type Mirror struct {
	Active, Standby Side
}

// How often the mirror looks for what is new, in seconds. MirrorMaker's own defaults, 600
// for topics and groups and 60 for offsets, would let a region be evacuated without them.
const (
	refreshSeconds = "10"
	offsetSeconds  = "5"
)

// unmirrored are the groups whose offsets stay where they are: tools', and our own.
const unmirrored = `console-consumer-.*,connect-.*,__.*,fournines[.-].*`

// Config renders mirror.properties. A copy of topic T of region R is named R.T, which tells
// the way home what came from there: it copies nothing back.
func (m Mirror) Config(_ spec.Kafka) string {
	there, home := m.Active.Region+"->"+m.Standby.Region, m.Standby.Region+"->"+m.Active.Region
	out := [][2]string{
		{"clusters", m.Active.Region + "," + m.Standby.Region},
		{there + ".enabled", "true"},
		{home + ".enabled", "true"},
		{"replication.policy.class", "org.apache.kafka.connect.mirror.DefaultReplicationPolicy"},
		{"topics", ".*"},
		{"groups", ".*"},
		{"groups.exclude", unmirrored},
		{"tasks.max", "1"},
		{"plugin.discovery", "service_load"}, // a scan of every library takes 100 MB and seconds

		// Each cluster's own defaults say how many copies there are of what the mirror makes.
		{"replication.factor", "-1"},
		{"checkpoints.topic.replication.factor", "-1"},
		{"heartbeats.topic.replication.factor", "-1"},
		{"offset-syncs.topic.replication.factor", "-1"},
		{"config.storage.replication.factor", "-1"},
		{"offset.storage.replication.factor", "-1"},
		{"status.storage.replication.factor", "-1"},
		{"offset.storage.partitions", "1"},
		{"status.storage.partitions", "1"},

		{"refresh.topics.interval.seconds", refreshSeconds},
		{"refresh.groups.interval.seconds", refreshSeconds},
		{"sync.topic.configs.interval.seconds", "60"},
		{"sync.topic.acls.enabled", "false"}, // these clusters have none
		{"emit.heartbeats.enabled", "false"}, // our canaries prove more, see canary.go
		{"emit.checkpoints.interval.seconds", offsetSeconds},
		{"sync.group.offsets.enabled", "true"},
		{"sync.group.offsets.interval.seconds", offsetSeconds},
		{"offset.lag.max", "10"},
	}
	for _, s := range []Side{m.Active, m.Standby} {
		out = append(out,
			[2]string{s.Region + ".bootstrap.servers", strings.Join(s.Brokers, ",")},
			[2]string{s.Region + ".offset.flush.interval.ms", "2000"}, // how old what we know of its progress may be
			[2]string{s.Region + ".plugin.discovery", "service_load"},
			// A worker that was cut off from its cluster has left its group, and its tasks would wait
			// five minutes for it to come back, although there is nobody else who could take them.
			[2]string{s.Region + ".scheduled.rebalance.max.delay.ms", "1000"},
			[2]string{s.Region + ".metadata.max.age.ms", "10000"},
			[2]string{s.Region + ".producer.buffer.memory", "4194304"},
			[2]string{s.Region + ".consumer.fetch.max.bytes", "4194304"},
			[2]string{s.Region + ".producer.linger.ms", "5"},
		)
	}
	return properties(out)
}

// MirrorCommand returns what starts the mirror.
func (j Java) MirrorCommand() []string {
	return j.argv(mirrorHeap, "org.apache.kafka.connect.mirror.MirrorMaker", "{home}/mirror.properties")
}

// Copy returns the name that a topic of a region has where it is mirrored to.
func Copy(region, topic string) string { return region + "." + topic }

// ProgressTopic is where the mirror keeps, in the cluster it writes to, how far it has
// copied a region's partitions.
func ProgressTopic(from string) string { return "mm2-offsets." + from + ".internal" }
