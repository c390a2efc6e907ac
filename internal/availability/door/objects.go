package door

import (
	"time"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/fact"
)

// ObjectMirror is one direction in which objects are copied between a region's bucket and its
// partner's, as the stores' change feeds and comparing both prove it (row 7.1.7).
type ObjectMirror struct {
	From        string     `json:"from" doc:"region"`
	To          string     `json:"to" doc:"region"`
	Bucket      string     `json:"bucket" doc:"in both"`
	Endpoint    string     `json:"endpoint" doc:"of the copies"`
	Health      api.Health `json:"health"`
	Detail      string     `json:"detail,omitempty" doc:"why it is not healthy"`
	At          time.Time  `json:"at,omitzero" doc:"when the newest look at what has changed began; where everything must be compared, at everything"`
	Scrubbed    time.Time  `json:"scrubbed_at,omitzero" doc:"when the newest comparison of everything began that was brought to its end"`
	Compares    string     `json:"compares,omitempty" doc:"why everything is compared; empty: change feeds tell what is missing"`
	Drift       int64      `json:"drift" doc:"versions that a comparison found missing and no change feed had named, since the server's start"`
	LagSeconds  float64    `json:"lag_seconds" doc:"everything that is older is in the copy; -1: nobody knows yet"`
	Objects     int64      `json:"objects" doc:"versions and deletions that the copy lacks"`
	Bytes       int64      `json:"bytes" doc:"of them"`
	Newest      time.Time  `json:"newest_at,omitzero" doc:"when the newest that was copied had been written"`
	TookSeconds float64    `json:"took_seconds" doc:"from its writing until it was read back from the copy"`
	Copied      int64      `json:"copied" doc:"versions and deletions since the server's start"`
	CopiedBytes int64      `json:"copied_bytes"`
	Lost        int64      `json:"lost" doc:"writes that the other region has overruled without having had them, ever"`
	LostLast    uint64     `json:"lost_last,omitempty" doc:"index of the entry that proves the newest of them"`
	StuckCount  int64      `json:"stuck_count" doc:"objects that cannot be copied; everything else is"`

	Stuck []ObjectStuck `json:"stuck,omitempty" doc:"the oldest of them, at most 32"`
}

// ObjectStuck is a key that cannot be copied. It is tried again, and stops nothing else.
type ObjectStuck = fact.ObjectStuck
