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
	return []journal.Kind{Counted.Kind, AlertFired.Kind, AlertResolved.Kind, Delivered.Kind, Undelivered.Kind}
}

// Kinds of entries that others write and incidents are linked with. This package may not
// know those others; a test of the wiring makes sure that the kinds are declared.
const (
	operationRequested = "operation.requested"
	faultSet           = "fault.set"
)

// ReadKinds names the kinds of entries that this package reads and does not declare.
func ReadKinds() []string { return []string{operationRequested, faultSet} }

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
	Spent    float64           `json:"spent"` // customer-weighted seconds of downtime
	First    uint64            `json:"first"`
	Last     uint64            `json:"last"`
	Seconds  map[string]uint64 `json:"seconds"` // by region: number of the last second counted
	Minutes  []Minute          `json:"minutes"` // the newest, oldest first
}

// Minute is one minute of traffic.
type Minute struct {
	At       time.Time `json:"at"`
	Requests uint64    `json:"requests"`
	Failed   uint64    `json:"failed"`
}

// Fold keeps the document. It is a state.Fold.
func Fold(d *state.Docs, r journal.Record) error {
	if r.Kind != Counted.Name {
		return nil
	}
	var a Availability
	found, err := d.Get(Key, &a)
	if err != nil || (found && r.Index <= a.Last) {
		return err
	}
	var c Count
	if err := r.Decode(&c); err != nil {
		return err
	}
	if !found {
		a = Availability{First: r.Index, Since: c.At.Add(-time.Duration(c.To-c.From+1) * time.Second), Seconds: map[string]uint64{}} //nolint:gosec // a few seconds
	}
	a.add(c)
	a.Last = r.Index
	return d.Put(Key, a)
}

func (a *Availability) add(c Count) {
	minute := Minute{At: c.At.Truncate(time.Minute)}
	for _, row := range c.Rows {
		minute.Requests += row.Requests
		minute.Failed += row.Failed
		a.Spent += row.Bad / float64(max(c.Cells, 1))
	}
	a.Requests += minute.Requests
	a.Failed += minute.Failed
	a.Seconds[c.Region] = c.To
	if c.At.After(a.Until) {
		a.Until = c.At
	}
	i := slices.IndexFunc(a.Minutes, func(m Minute) bool { return m.At.Equal(minute.At) })
	if i < 0 {
		a.Minutes = append(a.Minutes, minute)
		a.Minutes = a.Minutes[max(0, len(a.Minutes)-minutes):]
		return
	}
	a.Minutes[i].Requests += minute.Requests
	a.Minutes[i].Failed += minute.Failed
}

// CustomerRatio is the customer-weighted availability over the whole time, 1 when nothing was counted.
func (a Availability) CustomerRatio() float64 {
	t := a.Until.Sub(a.Since).Seconds()
	if t <= 0 {
		return 1
	}
	return 1 - a.Spent/t
}

// RequestRatio is the share of good requests, 1 when there were none.
func (a Availability) RequestRatio() float64 {
	if a.Requests == 0 {
		return 1
	}
	return 1 - float64(a.Failed)/float64(a.Requests)
}

// Budget is the downtime a year may have at a target, in seconds.
func Budget(target float64) float64 { return (1 - target) * year.Seconds() }
