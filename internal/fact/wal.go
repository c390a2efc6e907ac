package fact

import "time"

// WALChain is the write-ahead log that leads from a backup to a target.
type WALChain struct {
	Backup    string    `json:"backup"`    // label
	Timelines []uint32  `json:"timelines"` // from the backup's to the target's
	First     string    `json:"first"`     // segment that it begins with
	Last      string    `json:"last"`      // newest segment that is reached without a gap; empty: none
	Stored    time.Time `json:"stored,omitzero"`
	Segments  int       `json:"segments"` // that are there, up to the target
	Gaps      []WALGap  `json:"gaps"`
	Reached   bool      `json:"reached"` // everything is there, up to the target
}

// WALGap is a range of segments of which recovery stops at the first. PostgreSQL takes the end of
// the log for the end of history there, and starts.
type WALGap struct {
	Timeline uint32 `json:"timeline"`
	First    string `json:"first"`
	Last     string `json:"last"`
	Segments int64  `json:"segments"`
	Why      string `json:"why"`
}
