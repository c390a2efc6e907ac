package evidence

import (
	"slices"
	"time"

	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/state"
)

// Counted is the kind of entry an edge's counters become.
var Counted = journal.NewKind[Count]("edge.counted", "What an edge's customers saw in some seconds.")

// EntryKinds returns the kinds of entries that evidence is made of.
func EntryKinds() []journal.Kind {
	return []journal.Kind{Counted.Kind, OutsideCounted.Kind, AlertFired.Kind, AlertResolved.Kind, Delivered.Kind, Undelivered.Kind, Acknowledged.Kind}
}

// Kinds of entries that others write and incidents are linked with. This package may not
// know those others; a test of the wiring makes sure that the kinds are declared.
const (
	operationRequested = "operation.requested"
	faultSet           = "fault.set"
	faultEnded         = "fault.ended"
)

// ReadKinds names the kinds of entries that this package reads and does not declare.
func ReadKinds() []string { return []string{operationRequested, faultSet, faultEnded} }

// Key is the key of the document.
const (
	Key     = "evidence/availability"
	minutes = 60
	year    = 365 * 24 * time.Hour
)

// Count is what one edge saw in some seconds.
type Count struct {
	Region string    `json:"region"`
	From   uint64    `json:"from"` // numbers of the edge's seconds, both included
	To     uint64    `json:"to"`
	At     time.Time `json:"at"`    // end of the last second
	Cells  int       `json:"cells"` // of the platform
	Rows   []Cell    `json:"rows"`  // of cells that asked
	// Bad is every second in which a request failed, the oldest first.
	Bad []BadSecond `json:"bad,omitempty"`
}

// Cell is what one cell's customers saw of one service.
type Cell struct {
	Cell     int     `json:"cell"` // -1: the customer is unknown
	Service  string  `json:"service,omitempty"`
	Requests uint64  `json:"requests"`
	Failed   uint64  `json:"failed"`
	Bad      float64 `json:"bad"` // seconds, each weighted with the share of its requests that failed
}

// Availability is the fold of all counts.
type Availability struct {
	Since    time.Time         `json:"since"`
	Until    time.Time         `json:"until"`
	Requests uint64            `json:"requests"`
	Failed   uint64            `json:"failed"`
	Spent    float64           `json:"spent"` // customer-weighted seconds of downtime, as the edges or those outside saw more of it
	First    uint64            `json:"first"`
	Last     uint64            `json:"last"`
	Seconds  map[string]uint64 `json:"seconds"`          // by region: number of the last second counted
	Points   map[string]uint64 `json:"points,omitempty"` // by vantage point: the same
	// Served is by cell the last second in which any of its customers was served, as far as
	// anybody has told; absent in what an earlier version kept.
	Served map[int]uint64 `json:"served"`
	Began  uint64         `json:"began,omitempty"` // the first second counted of a platform that was off before
	// Recent is what was lost of each cell's time by minute (Unix time / 60), the newest hour's:
	// edges and those outside tell of the same minute at different times.
	Recent  map[int64]map[int]lost `json:"recent,omitempty"`
	Minutes []Minute               `json:"minutes"` // the newest, oldest first
}

// Minute is one minute of traffic.
type Minute struct {
	At       time.Time `json:"at"`
	Requests uint64    `json:"requests"`
	Failed   uint64    `json:"failed"`
}

// lost is what one cell's customers lost of one minute, in seconds, by who saw it.
type lost struct {
	Edges   float64 `json:"edges,omitempty"`
	Outside float64 `json:"outside,omitempty"`
}

// whole is what counts: the view from outside includes what the edges saw of the same
// customers, or the other way round, so the larger of the two is what is proved.
func (l lost) whole() float64 { return max(l.Edges, l.Outside) }

// Fold keeps the document. It is a state.Fold.
func Fold(d *state.Docs, r journal.Record) error {
	if r.Kind != Counted.Name && r.Kind != OutsideCounted.Name {
		return nil
	}
	var a Availability
	found, err := d.Get(Key, &a)
	if err != nil || (found && r.Index <= a.Last) {
		return err
	}
	if !found {
		a.First = r.Index
	}
	a.Served = a.noting()
	if r.Kind == Counted.Name {
		var c Count
		if err := r.Decode(&c); err != nil {
			return err
		}
		a.span(c.At, c.From, c.To)
		a.add(c)
	} else {
		var c OutsideCount
		if err := r.Decode(&c); err != nil {
			return err
		}
		a.span(c.At, c.From, c.To)
		a.addOutside(c)
	}
	a.Last = r.Index
	return d.Put(Key, a)
}

// span widens the time that was counted.
func (a *Availability) span(at time.Time, from, to uint64) {
	begin := at.Add(-time.Duration(to-from+1) * time.Second) //nolint:gosec // a few seconds
	if a.Since.IsZero() {
		a.Since = begin
	}
	if a.begins(begin) {
		a.Began = unixOf(begin)
	}
	a.Until = later(a.Until, at)
}

func (a *Availability) add(c Count) {
	minute := Minute{At: c.At.Truncate(time.Minute)}
	for _, row := range c.Rows {
		minute.Requests += row.Requests
		minute.Failed += row.Failed
		if row.Requests > row.Failed {
			a.serve(row.Cell, unixOf(c.At))
		}
	}
	for _, b := range c.bad() {
		a.lose(b.at, b.Cell.Cell, c.Cells, lost{Edges: b.share})
	}
	a.Requests += minute.Requests
	a.Failed += minute.Failed
	if a.Seconds == nil {
		a.Seconds = map[string]uint64{}
	}
	a.Seconds[c.Region] = c.To
	i := slices.IndexFunc(a.Minutes, func(m Minute) bool { return m.At.Equal(minute.At) })
	if i < 0 {
		a.Minutes = append(a.Minutes, minute)
		a.Minutes = a.Minutes[max(0, len(a.Minutes)-minutes):]
		return
	}
	a.Minutes[i].Requests += minute.Requests
	a.Minutes[i].Failed += minute.Failed
}

func (a *Availability) addOutside(c OutsideCount) {
	if a.Points == nil {
		a.Points = map[string]uint64{}
	}
	a.Points[c.Point] = c.To
	for _, h := range c.Homes {
		for _, cell := range h.Cells {
			if h.Served > 0 {
				a.serve(cell, c.To)
			}
		}
		for _, f := range h.Failed {
			for _, cell := range h.Cells {
				a.lose(f.At(), cell, c.Of, lost{Outside: h.Weight})
			}
		}
	}
}

// lose notes a loss and spends what it adds to the larger of the two views.
func (a *Availability) lose(at time.Time, cell, cells int, more lost) {
	minute := at.Unix() / minutes
	if a.Recent == nil {
		a.Recent = map[int64]map[int]lost{}
	}
	for old := range a.Recent {
		if old < minute-minutes {
			delete(a.Recent, old)
		}
	}
	if a.Recent[minute] == nil {
		a.Recent[minute] = map[int]lost{}
	}
	before := a.Recent[minute][cell]
	after := lost{before.Edges + more.Edges, before.Outside + more.Outside}
	a.Recent[minute][cell] = after
	a.Spent += (after.whole() - before.whole()) / float64(max(cells, 1))
}

// badCell is what failed of one cell in one second; in entries without seconds, in all of them.
type badCell struct {
	Cell
	at    time.Time // begin of the second
	share float64   // of the cell's requests, or the sum of such shares
}

// bad returns what failed, second by second.
func (c Count) bad() []badCell {
	var out []badCell
	for _, s := range c.Bad {
		for _, cell := range s.Cells {
			if cell.Requests > 0 {
				out = append(out, badCell{cell, s.At.Add(-time.Second), float64(cell.Failed) / float64(cell.Requests)})
			}
		}
	}
	if len(c.Bad) == 0 {
		for _, row := range c.Rows {
			if row.Failed > 0 {
				out = append(out, badCell{row, c.At, row.Bad})
			}
		}
	}
	return out
}

// CustomerRatio is the customer-weighted availability over the whole time; nil while no
// customer was served or failed.
func (a Availability) CustomerRatio() *float64 {
	if a.Requests == 0 && a.Spent == 0 && len(a.noting()) == 0 {
		return nil
	}
	return share(a.Spent, a.Until.Sub(a.Since).Seconds())
}

// RequestRatio is the share of good requests; nil when there were none.
func (a Availability) RequestRatio() *float64 { return share(float64(a.Failed), float64(a.Requests)) }

// Budget is the downtime a year may have at a target, in seconds.
func Budget(target float64) float64 { return (1 - target) * year.Seconds() }
