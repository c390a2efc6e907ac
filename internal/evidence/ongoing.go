package evidence

import (
	"fmt"
	"slices"
	"time"

	"github.com/greenlang/fournines/internal/state"
)

const ongoingPrefix = "evidence/ongoing/" // + region

// ongoing is what must be remembered of a region between two entries: the incident that
// may still go on, and what was done lately, because the counters that show an incident
// come after the action that answered it.
type ongoing struct {
	Region   string    `json:"region,omitempty"` // absent in what an earlier version kept
	Incident *Incident `json:"incident,omitempty"`
	Marks    []mark    `json:"marks,omitempty"`
	Index    uint64    `json:"index"` // newest entry folded in
}

// mark is an operation that began (no Until), or a fault of ours with its time.
type mark struct {
	ID    string    `json:"id"`
	At    time.Time `json:"at"`
	Until time.Time `json:"until,omitzero"`
	Index uint64    `json:"index"`
}

// Bounds of the marks that are kept: edges keep their counters for two minutes, so nothing
// that still arrives can be linked with an older mark.
const (
	maxMarks = 64 // more than one region does in a few minutes
	markAge  = 10 * time.Minute
)

// change applies f to a region's memory once per entry, and keeps the incident.
func change(d *state.Docs, region string, index uint64, f func(o *ongoing) (over []*Incident)) error {
	var o ongoing
	found, err := d.Get(ongoingPrefix+region, &o)
	if err != nil || (found && index <= o.Index) {
		return err
	}
	changed := f(&o)
	o.Region, o.Index = region, index
	if o.Incident != nil {
		changed = append(changed, o.Incident)
	}
	for _, i := range changed {
		i.link(o.Marks)
		if err := d.Put(IncidentPrefix+i.ID, i); err != nil {
			return err
		}
	}
	return d.Put(ongoingPrefix+region, o)
}

// endMark notes that a fault is over before its lease is: what begins later than a while after is
// not its doing.
func endMark(d *state.Docs, id string, at time.Time, index uint64) error {
	all, err := state.ListDocs[ongoing](d, ongoingPrefix)
	if err != nil {
		return err
	}
	for _, known := range all {
		if known.Region == "" || !slices.ContainsFunc(known.Marks, func(m mark) bool { return m.ID == id }) {
			continue
		}
		if err := change(d, known.Region, index, func(o *ongoing) []*Incident {
			for i := range o.Marks {
				if m := &o.Marks[i]; m.ID == id && !m.Until.IsZero() {
					m.Until = earlier(m.Until, at.Add(incidentGap))
				}
			}
			return nil
		}); err != nil {
			return err
		}
	}
	return nil
}

func (o *ongoing) mark(m mark) []*Incident {
	o.Marks = slices.DeleteFunc(o.Marks, func(old mark) bool { return m.At.Sub(later(old.At, old.Until)) > markAge })
	o.Marks = append(o.Marks, m)
	o.Marks = o.Marks[max(0, len(o.Marks)-maxMarks):]
	return nil
}

// count takes the seconds of one entry in which a cell was out, adds each to its incident,
// and returns the incidents that are over.
func (o *ongoing) count(region string, of int, bad []BadSecond, add func(*Incident, BadSecond)) (over []*Incident) {
	var past *Incident // one that somebody tells of after a later one has begun
	for _, s := range bad {
		began := s.At.Add(-time.Second)
		in := &o.Incident
		switch {
		case o.Incident == nil || began.Sub(o.Incident.Recovered) >= incidentGap || o.another(began):
			if o.Incident != nil {
				over = append(over, o.Incident)
			}
			o.Incident = nil
		case o.Incident.Began.Sub(s.At) >= incidentGap:
			in = &past
		}
		if *in == nil {
			*in = &Incident{ID: fmt.Sprintf("%s/%d", region, began.Unix()), Region: region, Began: began, Of: of, Cells: map[int]float64{}}
			if in == &past {
				over = append(over, past)
			}
		}
		add(*in, s)
	}
	return over
}

// another tells whether what begins at a moment is no more of the incident: all was well for a
// while, and then a fault of ours was set. Two drills in one minute are two incidents.
func (o *ongoing) another(began time.Time) bool {
	well := o.Incident.Recovered
	return began.Sub(well) >= faultGap && slices.ContainsFunc(o.Marks, func(m mark) bool {
		return !m.Until.IsZero() && m.At.After(well) && !m.At.After(began.Add(time.Second))
	})
}

// link finds what answered the incident first and what caused it, if that was us.
func (i *Incident) link(marks []mark) {
	for _, m := range marks {
		if m.Until.IsZero() && i.Detected.IsZero() && !m.At.Before(i.Began.Add(-time.Second)) && !m.At.After(i.Recovered.Add(incidentGap)) {
			i.Detected = m.At
			i.Entries = append(i.Entries, m.Index)
		}
	}
	if m, ours := i.cause(marks); ours && i.Practice == "" {
		i.Practice = m.ID
		i.Entries = append(i.Entries, m.Index)
	}
}

// cause returns the fault of ours that was active when the incident began, the newest of
// several: what was set before it had no such effect until then. Without one it is the first
// that was set while the incident was on.
func (i *Incident) cause(marks []mark) (cause mark, ours bool) {
	before := func(m mark) bool { return !m.At.After(i.Began.Add(time.Second)) }
	for _, m := range marks {
		if m.Until.IsZero() || m.At.After(i.Recovered) || !m.Until.After(i.Began) {
			continue
		}
		newer := m.At.After(cause.At)
		if !ours || (before(m) && (newer || !before(cause))) || (!before(m) && !before(cause) && !newer) {
			cause, ours = m, true
		}
	}
	return cause, ours
}
