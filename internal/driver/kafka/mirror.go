package kafka

import (
	"slices"
	"strconv"
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
	Aside           map[string][]string // by the region that they are of: topics that are not copied, so that they stop no other
}

// How often the mirror looks for what is new, in seconds. MirrorMaker's own defaults, 600
// for topics and groups and 60 for offsets, would let a region be evacuated without them.
const (
	refreshSeconds = "10"
	offsetSeconds  = "5"
)

// largestRecord is the largest record, in bytes and not compressed, that is copied. A broker bounds a
// batch as it was compressed; the mirror must hold a record as it is, and may compress it less well than
// its producer did. So brokers take this much in a batch whatever it was compressed with, and a copy does
// not inherit a smaller limit of its topic: every record up to this size fits, also the first one of a
// topic whose settings have not come to the partner yet. A topic may be given a larger limit; a larger
// record then stops the mirror, which is told, and the topic is set aside.
//
// The mirror's memory, for each direction: one batch from each of the source's brokers, one record as it
// is, and what its producer has not sent. With three brokers there and one here that is (3+1+1) + (1+1+1)
// records of the largest size at worst, within [mirrorHeap].
const largestRecord = 24 << 20

// unsynced are the settings that a copy does not inherit: MirrorMaker's own list, and the largest batch.
const unsynced = `follower.replication.throttled.replicas,leader.replication.throttled.replicas,message.timestamp.difference.max.ms,` +
	`log.message.timestamp.before.max.ms,log.message.timestamp.after.max.ms,message.timestamp.type,unclean.leader.election.enable,min.insync.replicas,max.message.bytes`

// uncopied are the topics that no mirror copies: MirrorMaker's own list.
const uncopied = `mm2.*[.]internal,.*[.]replica,__.*`

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
		{there + ".topics.exclude", excluded(m.Aside[m.Active.Region])},
		{home + ".topics.exclude", excluded(m.Aside[m.Standby.Region])},
		{"groups", ".*"},
		{"groups.exclude", unmirrored},
		// A second task would double the memory and still stop with every topic that shares it with the one
		// that fails: that one is set aside instead, and all others go on.
		{"tasks.max", "1"},
		{"config.properties.exclude", unsynced},
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
		{"sync.topic.configs.interval.seconds", refreshSeconds},
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
			[2]string{s.Region + ".producer.max.request.size", strconv.Itoa(largestRecord)},
			[2]string{s.Region + ".producer.buffer.memory", strconv.Itoa(largestRecord + 1<<20)},
			[2]string{s.Region + ".producer.compression.type", "lz4"}, // a copy that is not compressed could be many times its topic
			[2]string{s.Region + ".producer.linger.ms", "5"},
			// What a transaction took back is not copied: the copy is made of other transactions, or of none,
			// and a reader of committed records could not tell it there.
			[2]string{s.Region + ".consumer.isolation.level", "read_committed"},
			// A broker sends at least one batch, however large. Records leave it one by one: a batch of a few
			// kilobytes may hold hundreds of megabytes.
			[2]string{s.Region + ".consumer.fetch.max.bytes", "4194304"},
			[2]string{s.Region + ".consumer.max.poll.records", "1"},
		)
	}
	return properties(out)
}

// excluded returns the patterns of topics that are not copied.
func excluded(aside []string) string {
	out := []string{uncopied}
	for _, topic := range aside {
		out = append(out, strings.ReplaceAll(topic, ".", "[.]"))
	}
	return strings.Join(out, ",")
}

// MirrorCommand returns what starts the mirror. Its heap shrinks again after large records, and what a
// thread sends or receives through memory outside of the heap is not kept.
func (j Java) MirrorCommand() []string {
	argv := append(j.options(mirrorHeap), "org.apache.kafka.connect.mirror.MirrorMaker", "{home}/mirror.properties")
	return slices.Insert(argv, 1, "-XX:MinHeapFreeRatio=15", "-XX:MaxHeapFreeRatio=30", "-Djdk.nio.maxCachedBufferSize=262144")
}

// Copy returns the name that a topic of a region has where it is mirrored to.
func Copy(region, topic string) string { return region + "." + topic }

// ProgressTopic is where the mirror keeps, in the cluster it writes to, how far it has
// copied a region's partitions.
func ProgressTopic(from string) string { return "mm2-offsets." + from + ".internal" }

// statusTopic is where it keeps whether its tasks run.
func statusTopic(from string) string { return "mm2-status." + from + ".internal" }

// sourceConnector is the part of the mirror that copies topics.
const sourceConnector = "MirrorSourceConnector"
