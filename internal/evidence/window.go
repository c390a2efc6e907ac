package evidence

import (
	"slices"
	"time"
)

// Scope is what an availability is about; zero values mean all.
type Scope struct {
	Region  string `json:"region,omitempty"`
	Service string `json:"service,omitempty"`
	Cell    *int   `json:"cell,omitempty"`
}

// Measured is an availability over a window, by three measures that differ on purpose:
// the seed's 99.99 % is the customers' (row 7.1.11), and the others stand beside it.
type Measured struct {
	Scope
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
	Known    float64   `json:"known_seconds" doc:"of the window that an edge has counted; the rest is unknown, neither good nor bad"`
	Customer float64   `json:"customer" doc:"weighted with the share of customers and requests that failed"`
	Whole    float64   `json:"whole" doc:"share of the time in which no cell at all was out"`
	Request  float64   `json:"request" doc:"share of good requests, of the whole hours that the window touches"`
	Requests uint64    `json:"requests"`
	Failed   uint64    `json:"failed"`
	Spent    float64   `json:"spent_seconds" doc:"customer-weighted seconds of downtime"`
	Entries  []uint64  `json:"entries" doc:"journal indexes of everything that failed, the newest 1000"`
}

// Measure computes the availability of a scope in which there are that many cells from
// the days that touch the window and all incidents.
func Measure(days []Day, incidents []Incident, scope Scope, cells int, from, to time.Time) Measured {
	m := Measured{Scope: scope, From: from, To: to, Customer: 1, Whole: 1, Request: 1, Entries: []uint64{}}
	if scope.Cell != nil {
		cells = 1
	}
	known := map[time.Time]float64{} // by hour: two edges that count the same hour know it once
	for _, d := range days {
		if scope.Region != "" && d.Region != scope.Region {
			continue
		}
		m.add(d, known)
	}
	for _, seconds := range known {
		m.Known += seconds
	}
	out := outage(incidents, scope, from, to)
	m.Spent /= float64(max(cells, 1))
	if m.Known > 0 {
		m.Customer = max(1-m.Spent/m.Known, 0)
		m.Whole = max(1-out/m.Known, 0)
	}
	if m.Requests > 0 {
		m.Request = 1 - float64(m.Failed)/float64(m.Requests)
	}
	slices.Sort(m.Entries)
	m.Entries = slices.Compact(m.Entries)
	m.Entries = m.Entries[max(0, len(m.Entries)-maxEntries):]
	return m
}

func (m *Measured) add(d Day, known map[time.Time]float64) {
	date, err := time.ParseInLocation(dateLayout, d.Date, time.UTC)
	if err != nil {
		return // the key is ours; a day that is none holds nothing
	}
	touched := [24]bool{}
	for h, seconds := range d.Known {
		begin := date.Add(time.Duration(h) * time.Hour)
		part := overlap(begin, begin.Add(time.Hour), m.From, m.To)
		if part <= 0 {
			continue
		}
		touched[h] = true
		known[begin] = max(known[begin], min(seconds, part.Seconds()))
	}
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
	for _, b := range d.Bad {
		at := date.Add(time.Duration(b.Minute) * time.Minute)
		if m.takes(b.Service, b.Cell) && b.Cell >= 0 && overlap(at, at.Add(time.Minute), m.From, m.To) > 0 {
			m.Spent += b.Bad
			m.Entries = append(m.Entries, b.Entries...)
		}
	}
}

func (m *Measured) takes(service string, cell int) bool {
	return (m.Service == "" || m.Service == service) && (m.Cell == nil || *m.Cell == cell)
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
