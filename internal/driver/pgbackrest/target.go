package pgbackrest

import (
	"fmt"
	"time"
)

// Target is a moment that a cluster is restored to.
type Target struct {
	Kind     Kind      `json:"kind"`
	Time     time.Time `json:"time,omitzero"`      // of At
	Position int64     `json:"position,omitempty"` // of Position, in bytes
	Timeline uint32    `json:"timeline,omitempty"` // 0: the newest that is stored; of Consistent always the backup's own
}

// Kind is how a target is named.
type Kind string

// The kinds of targets, as pgBackRest calls them.
const (
	Newest     Kind = "default"   // everything that is stored
	Consistent Kind = "immediate" // the end of the backup
	At         Kind = "time"
	Position   Kind = "lsn"
)

// options are those of a restore.
func (t Target) options() ([]string, error) {
	out := []string{"--type=" + string(t.Kind), "--target-action=promote"}
	switch t.Kind {
	case Newest:
		out = out[:1] // the end of the log is no target that is acted on: the server is promoted there
	case Consistent:
	case At:
		if t.Time.IsZero() {
			return nil, fmt.Errorf("the target is a time, and none is given")
		}
		out = append(out, "--target="+t.Time.UTC().Format("2006-01-02 15:04:05.000000")+"+00")
	case Position:
		if t.Position <= 0 {
			return nil, fmt.Errorf("the target is a position in the write-ahead log, and none is given")
		}
		out = append(out, "--target="+position(t.Position))
	default:
		return nil, fmt.Errorf("the target %q is none of %s, %s, %s, %s", t.Kind, Newest, Consistent, At, Position)
	}
	if t.Timeline != 0 && t.Kind != Consistent {
		out = append(out, fmt.Sprintf("--target-timeline=%d", t.Timeline))
	}
	return out, nil
}
