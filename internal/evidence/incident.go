package evidence

import (
	"slices"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/state"
)

// IncidentPrefix begins the keys of [Incident] documents: + REGION/UNIX SECOND.
const IncidentPrefix = "evidence/incident/"

const (
	// outageShare is the share of a cell's requests that must fail in a second for it to
	// count as an outage of the cell: below, single errors of clients' own making rule.
	outageShare = 0.05
	// incidentGap is how long all must be well before an incident is over; what follows
	// sooner is the same incident.
	incidentGap = time.Minute
	// faultGap is the same where a fault of ours was set in between.
	faultGap = 5 * time.Second
)

// BadSecond is one second in which requests failed, exactly as an edge saw it.
type BadSecond struct {
	At    time.Time `json:"at"` // end of the second
	Cells []Cell    `json:"cells"`
}

// Incident is a time in which customers of a region were failed (rows 7.1.11, 7.8.5). It
// begins with the first second and ends with the last in which a cell was out, as the
// region's edge counted it or a vantage point outside saw it.
type Incident struct {
	ID        string          `json:"id"`
	Region    string          `json:"region"`
	Began     time.Time       `json:"began"`
	Detected  time.Time       `json:"detected,omitzero"` // the first operation that answered it
	Recovered time.Time       `json:"recovered"`
	Cells     map[int]float64 `json:"cells"`                     // seconds out by cell, weighted with the share that failed; 0: the edge counted none, and it was seen from outside
	Outside   float64         `json:"outside_seconds,omitempty"` // in which a vantage point outside was not served, weighted with its share
	Of        int             `json:"of"`                        // cells of the platform
	Failed    uint64          `json:"failed"`
	Practice  string          `json:"practice,omitempty"` // the fault of ours that was set then
	Entries   []uint64        `json:"entries"`
}

// Duration is the time from the first bad second to the last, both included.
func (i Incident) Duration() time.Duration { return i.Recovered.Sub(i.Began) }

// Blast is the share of the platform's cells that were out at some time.
func (i Incident) Blast() float64 { return float64(len(i.Cells)) / float64(max(i.Of, 1)) }

// FoldIncidents keeps one document per incident. It is a state.Fold.
func FoldIncidents(d *state.Docs, r journal.Record) error {
	switch r.Kind {
	case Counted.Name:
		var c Count
		if err := r.Decode(&c); err != nil {
			return err
		}
		return change(d, c.Region, r.Index, func(o *ongoing) []*Incident {
			bad := slices.DeleteFunc(c.Bad, func(s BadSecond) bool { return len(outages(s)) == 0 })
			return o.count(c.Region, c.Cells, bad, func(i *Incident, s BadSecond) { i.take(s, r.Index) })
		})
	case OutsideCounted.Name:
		var c OutsideCount
		if err := r.Decode(&c); err != nil {
			return err
		}
		for _, h := range c.Homes {
			if len(h.Failed) == 0 {
				continue
			}
			if err := change(d, h.Home, r.Index, func(o *ongoing) []*Incident {
				return o.count(h.Home, c.Of, h.seen(), func(i *Incident, s BadSecond) { i.see(s, h.Weight, r.Index) })
			}); err != nil {
				return err
			}
		}
	case operationRequested:
		var a struct{ Kind, Actor string }
		if err := r.Decode(&a); err != nil {
			return err
		}
		if strings.HasPrefix(a.Kind, "fault.") || !strings.HasPrefix(a.Actor, "system:") {
			return nil // people and drills do not detect what they cause
		}
		return change(d, fact.RegionOf(r.Subject), r.Index, func(o *ongoing) []*Incident { return o.mark(mark{ID: r.Subject, At: r.Time, Index: r.Index}) })
	case faultSet:
		var f struct {
			Target       string
			Begun, Until time.Time
		}
		if err := r.Decode(&f); err != nil {
			return err
		}
		for _, region := range fact.FaultRegions(f.Target) {
			if err := change(d, region, r.Index, func(o *ongoing) []*Incident {
				return o.mark(mark{ID: r.Subject, At: f.Begun, Until: f.Until, Index: r.Index})
			}); err != nil {
				return err
			}
		}
	case faultEnded:
		return endMark(d, r.Subject, r.Time, r.Index)
	}
	return nil
}

// outages returns the cells that were out in the second.
func outages(s BadSecond) []Cell {
	var out []Cell
	for _, c := range s.Cells {
		if c.Cell >= 0 && c.Requests > 0 && float64(c.Failed) >= outageShare*float64(c.Requests) {
			out = append(out, c)
		}
	}
	return out
}

// take adds a second that an edge counted.
func (i *Incident) take(s BadSecond, index uint64) {
	i.reach(s.At, index)
	for _, c := range outages(s) {
		i.Cells[c.Cell] += float64(c.Failed) / float64(c.Requests)
		i.Failed += c.Failed
	}
}

// see adds a second in which a vantage point outside was not served. It says nothing of how
// many requests failed, and what the edge counted of the same second is not counted twice.
func (i *Incident) see(s BadSecond, weight float64, index uint64) {
	i.reach(s.At, index)
	i.Outside += weight
	for _, c := range s.Cells {
		i.Cells[c.Cell] += 0
	}
}

// reach makes the incident long enough for a second that ends at a time. Edges and vantage
// points tell at different times, so a second may come that is before the first.
func (i *Incident) reach(at time.Time, index uint64) {
	i.Began, i.Recovered = earlier(i.Began, at.Add(-time.Second)), later(i.Recovered, at)
	if n := len(i.Entries); n == 0 || i.Entries[n-1] != index {
		i.Entries = append(i.Entries, index)
	}
}
