package evidence

import (
	"slices"
	"time"

	"github.com/greenlang/fournines/internal/state"
)

// Scope is what an availability is about; zero values mean all.
type Scope struct {
	Region  string `json:"region,omitempty"`
	Service string `json:"service,omitempty"`
	Cell    *int   `json:"cell,omitempty"`
}

// Counts is what was counted, by those who can count it: the edges see each request that
// reaches them, and vantage points outside see what never reaches one.
type Counts struct {
	Days    []Day
	Outside []OutsideDay
}

// CountsOf returns what the state keeps of what was counted.
func CountsOf(p *state.Projection) (c Counts, err error) {
	if c.Days, err = state.List[Day](p, DayPrefix); err != nil {
		return c, err
	}
	c.Outside, err = state.List[OutsideDay](p, OutsidePrefix)
	return c, err
}

// Measured is an availability over a window, by measures that differ on purpose: the seed's
// 99.99 % is the customers' (row 7.1.12), and the others stand beside it. A measure of nothing,
// for want of seconds or of requests, is nil: unknown.
type Measured struct {
	Scope
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
	Known    float64   `json:"known_seconds" doc:"of the window that an edge or a vantage point outside has counted; the rest is unknown, neither good nor bad"`
	Customer *float64  `json:"customer" doc:"null: nothing was counted or seen; weighted with the share of customers and requests that failed; of each cell's minute the worse of what the edges counted and what was seen from outside"`
	Edges    *float64  `json:"edges" doc:"the same by what the edges counted alone: clients that reach no edge are missing"`
	Outside  *float64  `json:"outside" doc:"the same by what vantage points outside every region saw alone"`
	Whole    *float64  `json:"whole" doc:"share of the time in which no cell at all was out"`
	Request  *float64  `json:"request" doc:"share of good requests, of the whole hours that the window touches"`
	Requests uint64    `json:"requests"`
	Failed   uint64    `json:"failed"`
	Spent    float64   `json:"spent_seconds" doc:"customer-weighted seconds of downtime"`

	EdgesKnown   float64 `json:"edges_known_seconds"`
	EdgesSpent   float64 `json:"edges_spent_seconds"`
	OutsideKnown float64 `json:"outside_known_seconds" doc:"coverage: of the window that was seen from outside, each home with its share of the customers; for the rest the prober was off, or stood still, or nothing was promised yet"`
	OutsideSpent float64 `json:"outside_spent_seconds"`

	Entries []uint64 `json:"entries" doc:"journal indexes of everything that failed, the newest 1000"`
}

// Measure computes the availability of a scope in which there are that many cells from
// the days that touch the window and all incidents.
func Measure(c Counts, incidents []Incident, scope Scope, cells int, from, to time.Time) Measured {
	m := Measured{Scope: scope, From: from, To: to, Entries: []uint64{}}
	if scope.Cell != nil {
		cells = 1
	}
	edges := map[time.Time]float64{} // by hour: two edges that count the same hour know it once
	for _, d := range c.Days {
		if scope.Region == "" || d.Region == scope.Region {
			m.add(d, edges)
		}
	}
	outside := c.outsideKnown(scope, cells, from, to)
	for hour, seconds := range edges {
		m.EdgesKnown += seconds
		m.Known += max(seconds, outside[hour])
	}
	for hour, seconds := range outside {
		m.OutsideKnown += seconds
		if _, counted := edges[hour]; !counted {
			m.Known += seconds
		}
	}
	for _, b := range c.bad(scope, from, to) {
		m.EdgesSpent += b.Edges
		m.OutsideSpent += b.Outside
		m.Spent += b.whole()
		m.Entries = append(m.Entries, b.entries...)
	}
	of := float64(max(cells, 1))
	m.EdgesSpent, m.OutsideSpent, m.Spent = m.EdgesSpent/of, m.OutsideSpent/of, m.Spent/of
	m.Outside = share(m.OutsideSpent, m.OutsideKnown)
	if m.Requests > 0 || m.EdgesSpent > 0 { // an edge that nobody asked has counted seconds of nothing
		m.Edges = share(m.EdgesSpent, m.EdgesKnown)
	}
	if m.Edges != nil || m.Outside != nil {
		m.Customer, m.Whole = share(m.Spent, m.Known), share(outage(incidents, scope, from, to), m.Known)
	}
	m.Request = share(float64(m.Failed), float64(m.Requests))
	slices.Sort(m.Entries)
	m.Entries = slices.Compact(m.Entries)
	m.Entries = m.Entries[max(0, len(m.Entries)-maxEntries):]
	return m
}

// add takes a day's requests and, by hour, how many seconds of it are known.
func (m *Measured) add(d Day, known map[time.Time]float64) {
	touched := hoursOf(d.Date, d.Known, m.From, m.To, func(hour time.Time, seconds float64) { known[hour] = max(known[hour], seconds) })
	for _, r := range d.Rows {
		if !m.takes(r.Service, r.Cell) {
			continue
		}
		for h, in := range touched {
			if in {
				m.Requests += r.Requests[h]
				m.Failed += r.Failed[h]
			}
		}
	}
}

// hoursOf tells which hours of a day touch a window, and how much of each is known.
func hoursOf(date string, known [24]float64, from, to time.Time, each func(hour time.Time, seconds float64)) (touched [24]bool) {
	day, err := time.ParseInLocation(dateLayout, date, time.UTC)
	if err != nil {
		return touched // the key is ours; a day that is none holds nothing
	}
	for h, seconds := range known {
		begin := day.Add(time.Duration(h) * time.Hour)
		if part := overlap(begin, begin.Add(time.Hour), from, to); part > 0 {
			touched[h] = true
			each(begin, min(seconds, part.Seconds()))
		}
	}
	return touched
}

// outsideKnown returns how much of each hour was seen from outside, each home with its share
// of the scope's cells.
func (c Counts) outsideKnown(scope Scope, cells int, from, to time.Time) map[time.Time]float64 {
	out := map[time.Time]float64{}
	for _, d := range c.Outside {
		n := len(d.in(scope))
		if n == 0 {
			continue
		}
		weight := float64(n) / float64(max(cells, 1))
		if scope.Region != "" { // its own cells are all there are
			weight = 1
		}
		hoursOf(d.Date, d.Known, from, to, func(hour time.Time, seconds float64) { out[hour] += weight * seconds })
	}
	return out
}

// in returns the home's cells that are in the scope. A prober asks for no service by name.
func (d OutsideDay) in(scope Scope) []int {
	switch {
	case scope.Region != "" && scope.Region != d.Home:
		return nil
	case scope.Cell == nil:
		return d.Cells
	case slices.Contains(d.Cells, *scope.Cell):
		return []int{*scope.Cell}
	}
	return nil
}

// cellMinute is one minute of one cell's customers.
type cellMinute struct {
	minute time.Time
	cell   int
}

// loss is what was lost of it.
type loss struct {
	lost
	entries []uint64
}

// bad returns what was lost in the minutes that touch the window.
func (c Counts) bad(scope Scope, from, to time.Time) map[cellMinute]*loss {
	out := map[cellMinute]*loss{}
	at := func(date string, minute, cell int) *loss {
		day, err := time.ParseInLocation(dateLayout, date, time.UTC)
		key := cellMinute{day.Add(time.Duration(minute) * time.Minute), cell}
		if err != nil || cell < 0 || overlap(key.minute, key.minute.Add(time.Minute), from, to) <= 0 {
			return nil
		}
		if out[key] == nil {
			out[key] = &loss{}
		}
		return out[key]
	}
	for _, d := range c.Days {
		if scope.Region != "" && d.Region != scope.Region {
			continue
		}
		for _, b := range d.Bad {
			if !scope.takes(b.Service, b.Cell) {
				continue
			}
			if l := at(d.Date, b.Minute, b.Cell); l != nil {
				l.Edges += b.Bad
				l.entries = append(l.entries, b.Entries...)
			}
		}
	}
	for _, d := range c.Outside {
		for _, cell := range d.in(scope) {
			for _, b := range d.Bad {
				if l := at(d.Date, b.Minute, cell); l != nil {
					l.Outside += b.Bad
					l.entries = append(l.entries, b.Entries...)
				}
			}
		}
	}
	return out
}

func (s Scope) takes(service string, cell int) bool {
	return (s.Service == "" || s.Service == service) && (s.Cell == nil || *s.Cell == cell)
}

// outage is the time in which an incident was on in the scope; two at once count once.
func outage(incidents []Incident, scope Scope, from, to time.Time) float64 {
	var spans [][2]time.Time
	for _, i := range incidents {
		if scope.Cell != nil {
			if _, hit := i.Cells[*scope.Cell]; !hit {
				continue
			}
		}
		if (scope.Region == "" || i.Region == scope.Region) && overlap(i.Began, i.Recovered, from, to) > 0 {
			spans = append(spans, [2]time.Time{later(i.Began, from), earlier(i.Recovered, to)})
		}
	}
	slices.SortFunc(spans, func(a, b [2]time.Time) int { return a[0].Compare(b[0]) })
	var total time.Duration
	var end time.Time
	for _, s := range spans {
		if begin := later(s[0], end); s[1].After(begin) {
			total += s[1].Sub(begin)
			end = s[1]
		}
	}
	return total.Seconds()
}

func overlap(a, b, from, to time.Time) time.Duration { return earlier(b, to).Sub(later(a, from)) }

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
