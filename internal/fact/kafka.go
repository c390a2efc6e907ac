package fact

import (
	"slices"
	"time"
)

// Kafka is one region's brokers with every partition they hold (row 7.1.6).
type Kafka struct {
	Cluster    string        `json:"cluster"` // REGION/kafka
	At         time.Time     `json:"at"`      // of the newest whole answer; what follows is as it was then
	Error      string        `json:"error,omitempty"`
	Controller string        `json:"controller,omitempty"` // component id of the quorum's leader, empty: none
	Brokers    []KafkaBroker `json:"brokers"`              // those that the spec declares
	Topics     []KafkaTopic  `json:"topics"`
	Groups     []KafkaGroup  `json:"groups"`

	Differs []string  `json:"differs,omitempty"` // where topics promise less than is declared, in words
	Drift   time.Time `json:"drift,omitzero"`    // since when they or a broker differ from what is declared; zero: none does
}

// Differ tells whether a broker or a topic is not as declared.
func (k Kafka) Differ() bool {
	return len(k.Differs) > 0 || slices.ContainsFunc(k.Brokers, func(b KafkaBroker) bool { return len(b.Differs) > 0 })
}

// KafkaBroker is one process: a broker, and a voter of the controller quorum.
type KafkaBroker struct {
	ID         string    `json:"id"`
	Node       int32     `json:"node"` // its number in the cluster
	Address    string    `json:"address"`
	Seen       time.Time `json:"seen"` // it answered itself
	Error      string    `json:"error,omitempty"`
	Registered bool      `json:"registered"` // the controller sends clients to it
	Voter      bool      `json:"voter"`
	CaughtUp   time.Time `json:"caught_up,omitzero"` // when it last had all of the quorum's log
	Differs    []string  `json:"differs,omitempty"`  // which of its declared settings somebody has changed, in words
}

// KafkaTopic is a topic with its partitions.
type KafkaTopic struct {
	Name       string           `json:"name"`
	Internal   bool             `json:"internal,omitempty"`
	MinInSync  int              `json:"min_in_sync"` // 0: not known
	Partitions []KafkaPartition `json:"partitions"`
}

// KafkaPartition is where a partition's copies are.
type KafkaPartition struct {
	Number   int32   `json:"number"`
	Leader   int32   `json:"leader"` // -1: none, it is offline
	Replicas []int32 `json:"replicas"`
	InSync   []int32 `json:"in_sync"`
}

// Partitions counts those that do not have all they should: fewer copies in sync than the
// topic's minimum, fewer than there are copies, and no leader in sync.
func (k Kafka) Partitions() (belowMinimum, underReplicated, offline int) {
	for _, t := range k.Topics {
		for _, p := range t.Partitions {
			if len(p.InSync) < t.MinInSync {
				belowMinimum++
			}
			if len(p.InSync) < len(p.Replicas) {
				underReplicated++
			}
			if p.Leader < 0 || !slices.Contains(p.InSync, p.Leader) {
				offline++
			}
		}
	}
	return belowMinimum, underReplicated, offline
}

// KafkaGroup is a group of consumers and how far it is behind.
type KafkaGroup struct {
	Name    string `json:"name"`
	State   string `json:"state"`
	Members int    `json:"members"`
	Lag     int64  `json:"lag"` // records, -1: not known
}

// KafkaMirror is one direction of replication between two regions, as a canary proves it:
// numbered records that went in at the source and came out at the target.
type KafkaMirror struct {
	From       string        `json:"from"` // region
	To         string        `json:"to"`
	At         time.Time     `json:"at"` // the newest canary arrived
	Error      string        `json:"error,omitempty"`
	Sent       int64         `json:"sent"`
	Received   int64         `json:"received"` // different ones
	Gaps       int64         `json:"gaps"`     // numbers that a later one has overtaken
	Duplicates int64         `json:"duplicates"`
	Lag        time.Duration `json:"lag_ns"`  // of the newest, from its acknowledgement at the source
	Records    int64         `json:"records"` // acknowledged at the source and not yet seen at the target

	Topics   []MirroredTopic `json:"topics,omitempty"`
	TopicsAt time.Time       `json:"topics_at,omitzero"` // Topics is as it was then
	// TopicsError is why nothing newer is known; empty: nothing is wrong.
	TopicsError string `json:"topics_error,omitempty"`
	// Failed is why the task that copies has ended, by the mirror's own word; empty: it has not said so.
	Failed   string    `json:"failed,omitempty"`
	FailedAt time.Time `json:"failed_at,omitzero"` // it said so
}

// MirroredTopic is how far the copy of a topic is behind, by what readers of committed records get.
type MirroredTopic struct {
	Name    string    `json:"name"`              // at the source
	ID      string    `json:"id"`                // by which Kafka tells it from another of the same name
	Copy    string    `json:"copy,omitempty"`    // of its copy, likewise; empty: there is none
	Records int64     `json:"records"`           // at the source and, as far as the mirror has told, not at the target; -1: unknown
	Old     int64     `json:"old_records"`       // that the copy lacked of the topic that had the name before, when that was last seen; -1: unknown, or there was none
	Whole   time.Time `json:"whole_at,omitzero"` // the copy has everything from before; zero: nobody knows since when it has not

	// Of the partition whose copy has waited for longest, while Records is above 0.
	Partition int32     `json:"partition,omitempty"`
	Offset    int64     `json:"offset,omitempty"`  // of the first record that the copy lacks
	Moved     time.Time `json:"moved_at,omitzero"` // its copy last came forward; zero: it never did

	Ahead bool             `json:"ahead,omitempty"` // the mirror has copied beyond the topic's end: what is there now is another log
	Gone  []MissingRecords `json:"gone,omitempty"`  // deleted at the source before they were copied
}

// Covered is the time from before which the copy has everything, by a look at that time; zero: unknown.
func (t MirroredTopic) Covered(at time.Time) time.Time {
	if t.Records == 0 {
		return at
	}
	return t.Whole
}

// Covered is the time from before which the copies of all topics have everything; zero: unknown.
func (m KafkaMirror) Covered() time.Time {
	out := m.TopicsAt
	for _, t := range m.Topics {
		if c := t.Covered(m.TopicsAt); c.Before(out) {
			out = c
		}
	}
	return out
}

// Lacks counts the records that copies lack, as far as it is known.
func (m KafkaMirror) Lacks() (records int64) {
	for _, t := range m.Topics {
		records += max(0, t.Records)
	}
	return records
}

// MissingRecords are the offsets of one partition from From up to, and without, To.
type MissingRecords struct {
	Partition int32 `json:"partition"`
	From      int64 `json:"from"`
	To        int64 `json:"to"`
}
