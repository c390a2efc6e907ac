package evidence

import (
	"time"

	"github.com/greenlang/fournines/internal/fact"
)

// When a platform begins, or begins again.
const (
	off     = 10 * time.Minute // a platform that nobody counted for as long was switched off
	settles = 5 * time.Minute  // how long one that was off may take until its customers are served again
)

func unixOf(t time.Time) uint64 { return uint64(max(t.Unix(), 1)) } //nolint:gosec // positive

// begins tells whether what is counted from a moment on is of a platform that was off before.
func (a Availability) begins(from time.Time) bool {
	return a.Until.IsZero() || from.Sub(a.Until) >= off
}

// everybody stands in [Availability.Served] for all cells of a document that an earlier version
// kept, which did not note who was served.
const everybody = -1

// noting returns who was served, as far as this document notes it.
func (a Availability) noting() map[int]uint64 {
	switch {
	case a.Served != nil:
		return a.Served
	case a.Last > 0:
		return map[int]uint64{everybody: unixOf(a.Until)}
	}
	return map[int]uint64{}
}

// serve notes that a customer of a cell was served, as an edge or a vantage point saw it.
func (a *Availability) serve(cell int, second uint64) {
	if cell >= 0 {
		a.Served[cell] = max(a.Served[cell], second)
	}
}

// served returns the last second in which a customer of any of these cells was served; 0: never.
func (a Availability) served(cells []int) uint64 {
	noted := a.noting()
	last := noted[everybody]
	for _, c := range cells {
		last = max(last, noted[c])
	}
	return last
}

// Promised returns the seconds that a prober saw, in which those are unknown that failed before
// anything was promised; cells are those of each home, and asking is when the prober began. The
// state alone decides, and not the memory of a server: on a busy machine several servers in
// turn receive the reports of a platform's first minutes.
//
//   - A home that never served a customer has promised nothing yet.
//   - One that was served before, and then was off with its whole platform, may take a while
//     until it is served again. Only a prober that began with it can tell that from an outage.
//   - Everything else counts, even while other parts of the platform still start.
func (a Availability) Promised(seconds []fact.OutsideSecond, cells map[string][]int, asking uint64) []fact.OutsideSecond {
	if len(seconds) == 0 {
		return seconds
	}
	began := a.Began
	if first := seconds[0].Seq; a.begins(time.Unix(int64(first), 0)) { //nolint:gosec // a Unix time
		began = first
	}
	until := min(began, asking) + uint64(settles/time.Second)
	served := map[string]uint64{}
	for home, its := range cells {
		served[home] = a.served(its)
	}
	out := make([]fact.OutsideSecond, 0, len(seconds))
	for _, s := range seconds {
		homes := make([]fact.OutsideHome, 0, len(s.Homes))
		for _, h := range s.Homes {
			last := served[h.Home]
			switch {
			case h.Served():
				served[h.Home] = max(last, s.Seq)
			case last == 0, last < began && s.Seq <= until:
				h.Unknown = true
			}
			homes = append(homes, h)
		}
		out = append(out, fact.OutsideSecond{Seq: s.Seq, Homes: homes})
	}
	return out
}
