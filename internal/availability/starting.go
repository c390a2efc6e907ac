package availability

import (
	"fmt"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/evidence"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/state"
)

// startFor is how long a platform that was just started may take until it is whole: what is
// not up until then needs nobody.
const startFor = 10 * time.Minute

// Lacks says in words what keeps a region from being whole: what does not work, and what could
// not fail over where it is to. A mirror is no part of that: it catches up by itself.
func Lacks(components []Component, readiness []Readiness) (out []string) {
	for _, c := range components {
		if c.Health != Healthy && c.Kind != "mirror" {
			out = append(out, fmt.Sprintf("%s is %s (%s)", c.ID, c.Health, c.Detail))
		}
	}
	for _, r := range readiness {
		if !r.Ready && !r.Alone {
			out = append(out, fmt.Sprintf("%s could not fail over: %s", r.Cluster, strings.Join(r.Reasons, "; ")))
		}
	}
	return out
}

// RegionWhole is written once for each region and start of the platform.
var RegionWhole = journal.NewKind[Wholeness]("region.whole", "Everything of a region works, for the first time since the platform was started.")

// WholePrefix begins the keys of the documents of [Wholeness]: + region.
const WholePrefix = "whole/"

// Wholeness is when a region was whole for the first time since a start of the platform.
type Wholeness struct {
	Region string    `json:"region"`
	Begun  time.Time `json:"begun"` // when the platform was started
	At     time.Time `json:"at,omitzero"`
	Index  uint64    `json:"index,omitempty"` // of the entry
}

func foldWhole(d *state.Docs, r journal.Record) error {
	var w Wholeness
	if err := r.Decode(&w); err != nil {
		return err
	}
	w.At, w.Index = r.Time, r.Index
	return d.Put(WholePrefix+r.Subject, w)
}

// Start is the newest start of the platform.
type Start struct {
	Begun time.Time            // zero: nobody knows
	Whole map[string]time.Time // of each region that runs here: when it was whole since; zero: not yet
}

// Over tells whether the platform has been whole since it was started, or has had its time.
func (s Start) Over(now time.Time) bool {
	waits := false
	for _, at := range s.Whole {
		waits = waits || at.IsZero()
	}
	return !waits || now.Sub(s.Begun) >= startFor
}

// End is when the last region was whole; as long as one is not, or was not in time, it is when
// the time was over.
func (s Start) End() (at time.Time) {
	for _, whole := range s.Whole {
		if whole.IsZero() || whole.Sub(s.Begun) > startFor {
			return s.Begun.Add(startFor)
		}
		at = later(at, whole)
	}
	return at
}

// Quieten marks the findings that nobody is alerted of: of a region that has not been whole
// since the platform was started, and of the platform itself until all regions have been. After a
// while they are told, whatever is missing.
func (s Start) Quieten(all []evidence.Finding, now time.Time) {
	if s.Over(now) {
		return
	}
	for i := range all {
		quiet := true // it is about the platform
		for region, whole := range s.Whole {
			if concerns(all[i], region) {
				if quiet = whole.IsZero(); quiet {
					break
				}
			}
		}
		if quiet {
			all[i].Quiet = true
			all[i].Text += " The platform is being started: nobody is alerted of this until it has been whole once, or 10 minutes have passed."
		}
	}
}
