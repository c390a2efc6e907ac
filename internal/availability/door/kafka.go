package door

import (
	"time"

	"github.com/greenlang/fournines/internal/api"
)

// Mirror is one direction in which topics are copied from a region's Kafka to its partner's,
// as numbered records prove it (row 7.1.6).
type Mirror struct {
	From       string          `json:"from" doc:"region"`
	To         string          `json:"to" doc:"region"`
	Health     api.Health      `json:"health"`
	Detail     string          `json:"detail,omitempty" doc:"why it is not healthy"`
	At         time.Time       `json:"at,omitzero" doc:"when the newest numbered record arrived"`
	LagSeconds float64         `json:"lag_seconds" doc:"age of the oldest numbered record that has not arrived, or what the newest took"`
	Sent       int64           `json:"sent" doc:"numbered records that the source has acknowledged since the server's start"`
	Received   int64           `json:"received" doc:"different ones that arrived"`
	Gaps       int64           `json:"gaps" doc:"acknowledged ones that later ones have overtaken: lost unless they still come"`
	Duplicates int64           `json:"duplicates" doc:"arrivals beyond the first; a mirror that was killed repeats what it had not noted"`
	Topics     []MirroredTopic `json:"topics"`
}

// MirroredTopic is how far the copy of a topic is behind.
type MirroredTopic struct {
	Name       string  `json:"name" doc:"at the source"`
	Records    int64   `json:"records" doc:"committed ones that the copy lacks, as far as the mirror has told: it does every two seconds; -1: unknown"`
	LagSeconds float64 `json:"lag_seconds" doc:"the copy has everything that is older; -1: unknown"`
	Partition  int32   `json:"partition,omitempty" doc:"whose copy has waited for longest"`
	Offset     int64   `json:"offset,omitempty" doc:"of its first record that the copy lacks"`
	Aside      string  `json:"aside,omitempty" doc:"why it is not copied: it stops the mirror, and is set aside so that all others are copied"`
}
