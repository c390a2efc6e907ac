package evidence

import (
	"strings"
	"time"

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
)

// BadSecond is one second in which requests failed, exactly as an edge saw it.
type BadSecond struct {
	At    time.Time `json:"at"` // end of the second
	Cells []Cell    `json:"cells"`
}

// Incident is a time in which customers of a region were failed (rows 7.1.11, 7.8.5). It
// begins with the first second and ends with the last in which a cell was out.
type Incident struct {
	ID        string          `json:"id"`
	Region    string          `json:"region"`
	Began     time.Time       `json:"began"`
	Detected  time.Time       `json:"detected,omitzero"` // the first operation that answered it
	Recovered time.Time       `json:"recovered"`
	Cells     map[int]float64 `json:"cells"` // seconds out by cell, weighted with the share that failed
	Of        int             `json:"of"`    // cells of the platform
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
		return change(d, c.Region, r.Index, func(o *ongoing) []*Incident { return o.count(c, r.Index) })
	case operationRequested:
		var a struct{ Kind, Actor string }
		if err := r.Decode(&a); err != nil {
			return err
		}
		if strings.HasPrefix(a.Kind, "fault.") || !strings.HasPrefix(a.Actor, "system:") {
			return nil // people and drills do not detect what they cause
		}
		return change(d, regionOf(r.Subject), r.Index, func(o *ongoing) []*Incident { return o.mark(mark{ID: r.Subject, At: r.Time, Index: r.Index}) })
	case faultSet:
		var f struct {
			Target       string
			Begun, Until time.Time
		}
		if err := r.Decode(&f); err != nil {
			return err
		}
		return change(d, regionOf(f.Target), r.Index, func(o *ongoing) []*Incident {
			return o.mark(mark{ID: r.Subject, At: f.Begun, Until: f.Until, Index: r.Index})
		})
	}
	return nil
}

func regionOf(subject string) string {
	region, _, _ := strings.Cut(subject, "/")
	return region
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

func (i *Incident) take(at time.Time, cells []Cell, index uint64) {
	if at.After(i.Recovered) {
		i.Recovered = at
	}
	for _, c := range cells {
		i.Cells[c.Cell] += float64(c.Failed) / float64(c.Requests)
		i.Failed += c.Failed
	}
	if n := len(i.Entries); n == 0 || i.Entries[n-1] != index {
		i.Entries = append(i.Entries, index)
	}
}
