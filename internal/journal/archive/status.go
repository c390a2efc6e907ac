package archive

import (
	"time"

	"github.com/greenlang/fournines/internal/journal"
)

// Status is what the journal says of one place: the document of its archive.
type Status struct {
	Place    Place     `json:"place"`
	Next     uint64    `json:"next"` // entries that are archived
	Pending  *Begun    `json:"pending,omitempty"`
	Last     *Stored   `json:"last,omitempty"`
	LastAt   time.Time `json:"last_at,omitzero"`
	LastIn   uint64    `json:"last_in,omitempty"` // index of its entry
	Parts    uint64    `json:"parts"`
	Objects  uint64    `json:"objects"`
	Bytes    int64     `json:"bytes"`
	Failed   *Failed   `json:"failed,omitempty"` // while it lasts
	FailedIn uint64    `json:"failed_in,omitempty"`
	Probe    *Probe    `json:"probe,omitempty"` // the last that found out
	ProbeIn  uint64    `json:"probe_in,omitempty"`
	Unknown  *Probe    `json:"unknown,omitempty"` // a later one that could not
}

// DocPrefix is what the documents' names begin with; [Place.String] follows.
const DocPrefix = "archive/"

// PlaceOf returns the place that an entry is about, and false for entries of other kinds.
func PlaceOf(e journal.Entry) (Place, bool, error) {
	switch e.Kind {
	case begun.Name, stored.Name, failed.Name, resumed.Name, probed.Name:
	default:
		return Place{}, false, nil
	}
	var v struct {
		Place Place `json:"place"`
	}
	err := e.Decode(&v)
	return v.Place, true, err
}

// Apply folds one entry about the status's place. It is pure.
func (s Status) Apply(r journal.Record) (Status, error) {
	var err error
	if s.Place, _, err = PlaceOf(r.Entry); err != nil {
		return s, err
	}
	switch r.Kind {
	case begun.Name:
		s.Pending = new(Begun)
		return s, r.Decode(s.Pending)
	case stored.Name:
		return s.stored(r)
	case failed.Name:
		s.Failed, s.FailedIn = new(Failed), r.Index
		return s, r.Decode(s.Failed)
	case resumed.Name:
		s.Failed, s.FailedIn = nil, 0
	case probed.Name:
		var p Probe
		if err := r.Decode(&p); err != nil {
			return s, err
		}
		if p.Error != "" {
			s.Unknown = &p
			return s, nil
		}
		s.Probe, s.ProbeIn, s.Unknown = &p, r.Index, nil
	}
	return s, nil
}

func (s Status) stored(r journal.Record) (Status, error) {
	var v Stored
	if err := r.Decode(&v); err != nil {
		return s, err
	}
	if v.Next <= s.Next {
		return s, nil // said twice
	}
	s.Next, s.Pending = v.Next, nil
	s.Last, s.LastAt, s.LastIn = &v, r.Time, r.Index
	s.Parts++
	s.Objects += uint64(v.Tiles) + 3 //nolint:gosec // a count
	s.Bytes += v.Bytes()
	return s, nil
}

// Usable says why nothing may be archived to the place yet, nil when a probe has seen
// that its locks hold.
func (s Status) Usable() error {
	switch {
	case s.Probe == nil:
		return errNotProbed
	case !s.Probe.Holds:
		return errBroken
	}
	return nil
}
