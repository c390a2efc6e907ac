// Package kafka drives Kafka in KRaft mode: it renders brokers and MirrorMaker 2, reads
// every broker, partition and group, and sends canaries through a mirror (row 7.1.6).
//
//	config.go  brokers, each also a controller
//	java.go    how the JVM is started
//	look.go    what is; declared.go where it is not as declared
//	mirror.go  MirrorMaker 2
//	progress.go, behind.go, committed.go  how far it has copied, and what it has lost; seek.go moves it
//	canary.go  numbered records that prove the mirror; sequence.go counts them
package kafka

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"github.com/greenlang/fournines/internal/spec"
)

// The engine's standard ports.
const (
	Port           = spec.KafkaPort
	ControllerPort = spec.KafkaControllerPort
	LinkPort       = spec.KafkaLinkPort // for the mirror in another region
)

// Member is one broker of a cluster.
type Member struct {
	Cluster   string   // name of the cluster, from which its id follows
	Addresses []string // of all members, in the order of their numbers
	Number    int      // this one's, from 1
	Near      string   // address by which the mirror in another region reaches this one; empty: none does
}

// Node returns the broker's number in the cluster.
func (m Member) Node() int32 { return int32(m.Number) } //nolint:gosec // a zone's number

// ClusterID returns the cluster's id. It follows from the name, so that every member has
// the same without asking anybody.
func (m Member) ClusterID() string {
	sum := sha256.Sum256([]byte("fournines kafka " + m.Cluster))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

func (m Member) address() string { return m.Addresses[m.Number-1] }

// Replication returns how many copies a topic has here, and how many must have a record
// before it is acknowledged: what is declared, as far as there are brokers for it.
func (m Member) Replication(k spec.Kafka) (copies, least int) {
	copies = min(k.ReplicationFactor, len(m.Addresses))
	return copies, min(k.MinInSync, copies)
}

// Config renders server.properties. "{home}" is the unit's directory.
func (m Member) Config(k spec.Kafka) string { return properties(m.settings(k)) }

func (m Member) settings(k spec.Kafka) [][2]string {
	copies, least := m.Replication(k)
	voters := make([]string, len(m.Addresses))
	for i, a := range m.Addresses {
		voters[i] = fmt.Sprintf("%d@%s:%d", i+1, a, ControllerPort)
	}
	listeners := fmt.Sprintf("PLAINTEXT://%s:%d", m.address(), Port) //nolint:nosprintfhostport // as Kafka writes it
	advertised, protocols := listeners, "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT"
	if m.Near != "" { // who comes from afar is sent to the other brokers by the way it came
		listeners += fmt.Sprintf(",LINK://%s:%d", m.address(), LinkPort)
		advertised += fmt.Sprintf(",LINK://%s:%d", m.Near, Port)
		protocols += ",LINK:PLAINTEXT"
	}
	return [][2]string{
		{"process.roles", "broker,controller"},
		{"node.id", strconv.Itoa(m.Number)},
		{"controller.quorum.voters", strings.Join(voters, ",")},
		{"listeners", fmt.Sprintf("%s,CONTROLLER://%s:%d", listeners, m.address(), ControllerPort)},
		{"advertised.listeners", advertised},
		{"controller.listener.names", "CONTROLLER"},
		{"listener.security.protocol.map", protocols},
		{"broker.rack", m.address()}, // copies are spread over the zones
		{"log.dirs", "{home}/data"},

		// Whatever a region takes its partner's copy takes, see largestRecord. What waits to be handled stays
		// bounded, within the heap: a request beyond it waits in its connection. It may not be less than
		// the largest request, which is Kafka's own limit.
		{"message.max.bytes", strconv.Itoa(largestRecord)},
		{"queued.max.request.bytes", "104857600"},

		// What an acknowledgement means.
		{"default.replication.factor", strconv.Itoa(copies)},
		{"min.insync.replicas", strconv.Itoa(least)},
		{"unclean.leader.election.enable", "false"},
		{"auto.create.topics.enable", "false"},
		{"offsets.topic.replication.factor", strconv.Itoa(copies)},
		{"transaction.state.log.replication.factor", strconv.Itoa(copies)},
		{"transaction.state.log.min.isr", strconv.Itoa(least)},
		{"share.coordinator.state.topic.replication.factor", strconv.Itoa(copies)},
		{"share.coordinator.state.topic.min.isr", strconv.Itoa(least)},

		// How soon the loss of a broker is noticed: its partitions have new leaders after the
		// session, and a quorum without its leader elects another after the fetch timeout. Shorter ones
		// (6 s, 3 s) kept electing on a machine with a load of 50, and no broker ever registered.
		{"broker.session.timeout.ms", "9000"},
		{"broker.heartbeat.interval.ms", "1500"},
		{"controller.quorum.fetch.timeout.ms", "5000"},
		{"controller.quorum.election.timeout.ms", "3000"},
		{"replica.lag.time.max.ms", "10000"},
		{"controlled.shutdown.enable", "true"},

		// A region on a small machine: the defaults are sized for a broker with a machine of its own.
		{"num.network.threads", "2"},
		{"num.io.threads", "4"},
		{"background.threads", "2"},
		{"num.replica.fetchers", "1"},
		{"log.cleaner.dedupe.buffer.size", "8388608"}, // 128 MiB by default, taken at once
		{"log.cleaner.io.buffer.size", "131072"},
		{"offsets.topic.num.partitions", "6"},
		{"transaction.state.log.num.partitions", "3"},
		{"share.coordinator.state.topic.num.partitions", "3"},
		{"log.index.size.max.bytes", "1048576"},
		{"group.initial.rebalance.delay.ms", "0"},
	}
}

func properties(pairs [][2]string) string {
	var b strings.Builder
	for _, p := range pairs {
		b.WriteString(p[0] + "=" + p[1] + "\n")
	}
	return b.String()
}
