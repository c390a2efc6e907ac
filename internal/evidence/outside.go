package evidence

import (
	"time"

	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/state"
)

// OutsideCounted is the kind of entry that a prober's seconds become.
var OutsideCounted = journal.NewKind[OutsideCount]("outside.counted", "What customers met in some seconds, as a prober outside every region saw it.")

// OutsideCount is what one vantage point saw in some seconds, in each of which it asked. A
// second that is in no such entry is unknown.
type OutsideCount struct {
	Point string        `json:"point"`
	From  uint64        `json:"from"` // Unix seconds, both included
	To    uint64        `json:"to"`
	At    time.Time     `json:"at"` // end of the last
	Of    int           `json:"of"` // cells of the platform
	Homes []OutsideHome `json:"homes"`
}

// OutsideHome is what one home's customers met.
type OutsideHome struct {
	Home    string    `json:"home"`
	Cells   []int     `json:"cells"`
	Weight  float64   `json:"weight"` // of this vantage point among those that stand for the home; together 1
	Served  int       `json:"served"` // seconds
	Unknown int       `json:"unknown,omitempty"`
	Failed  []Failure `json:"failed,omitempty"` // each second that failed, the oldest first
}

// Failure is one second in which a home's customers were not served.
type Failure struct {
	Second  uint64 `json:"second"`
	Stage   string `json:"stage"` // name, connect, read or write
	Cell    int    `json:"cell"`  // in whose name it was asked
	Address string `json:"address,omitempty"`
	Error   string `json:"error"`
}

// At is the begin of the second.
func (f Failure) At() time.Time { return time.Unix(int64(f.Second), 0).UTC() } //nolint:gosec // a Unix time

// OutsidePrefix begins the keys of [OutsideDay] documents: + HOME/YYYY-MM-DD.
const OutsidePrefix = "evidence/outside/"

// OutsideDay is one UTC day of one home's customers, as all vantage points saw it that
// stand for them, each with its weight.
type OutsideDay struct {
	Home  string          `json:"home"`
	Date  string          `json:"date"`
	Cells []int           `json:"cells"`
	Known [24]float64     `json:"known"` // seconds of each hour of which is known what customers met
	Bad   []OutsideMinute `json:"bad,omitempty"`
	Last  uint64          `json:"last"` // entry
}

// OutsideMinute is a minute in which requests from outside failed.
type OutsideMinute struct {
	Minute  int      `json:"minute"` // of the UTC day
	Bad     float64  `json:"bad"`    // seconds
	Entries []uint64 `json:"entries"`
}

// foldOutside keeps the documents.
func foldOutside(d *state.Docs, r journal.Record) error {
	var c OutsideCount
	if err := r.Decode(&c); err != nil {
		return err
	}
	date := c.At.UTC().Format(dateLayout)
	for _, h := range c.Homes {
		key := OutsidePrefix + h.Home + "/" + date
		day := OutsideDay{Home: h.Home, Date: date}
		found, err := d.Get(key, &day)
		if err != nil {
			return err
		}
		if found && r.Index <= day.Last {
			continue
		}
		day.add(h, c.At.UTC(), r.Index)
		if err := d.Put(key, day); err != nil {
			return err
		}
	}
	return nil
}

func (d *OutsideDay) add(h OutsideHome, at time.Time, index uint64) {
	d.Cells, d.Last = h.Cells, index
	hour := &d.Known[at.Hour()]
	*hour = min(*hour+h.Weight*float64(h.Served+len(h.Failed)), time.Hour.Seconds())
	for _, f := range h.Failed {
		minute := minuteIn(d.Date, f.At())
		n := len(d.Bad)
		if n == 0 || d.Bad[n-1].Minute != minute {
			d.Bad, n = append(d.Bad, OutsideMinute{Minute: minute}), n+1
		}
		b := &d.Bad[n-1]
		b.Bad += h.Weight
		if k := len(b.Entries); k == 0 || b.Entries[k-1] != index {
			b.Entries = append(b.Entries, index)
		}
	}
}

// minuteIn is the minute of a day in which a moment lies; what lies before belongs to its first.
func minuteIn(date string, at time.Time) int {
	if at.Format(dateLayout) != date {
		return 0
	}
	return at.Hour()*minutes + at.Minute()
}

// seen are the seconds that failed, as an incident takes them.
func (h OutsideHome) seen() []BadSecond {
	out := make([]BadSecond, 0, len(h.Failed))
	for _, f := range h.Failed {
		s := BadSecond{At: f.At().Add(time.Second)}
		for _, c := range h.Cells {
			s.Cells = append(s.Cells, Cell{Cell: c})
		}
		out = append(out, s)
	}
	return out
}

// OutsideGap is how long a home's customers were not served, as one vantage point or
// several saw it.
type OutsideGap struct {
	Longest float64 `json:"longest_seconds" doc:"from a second that failed to the last one before a served one"`
	Failed  float64 `json:"failed_seconds"`
	Known   float64 `json:"known_seconds" doc:"of the time that was asked about; the rest nobody saw"`
}

// GapOutside computes what the entries say of a home between two moments. A second of which
// nothing is known ends no gap, and adds none. Where vantage points differ, a second counts
// as served when any was served in it.
func GapOutside(counts []OutsideCount, home string, from, to time.Time) OutsideGap {
	const unknown, failed, served = 0, 1, 2
	first, last := from.Unix(), to.Unix()
	if last <= first {
		return OutsideGap{}
	}
	seconds := make([]byte, last-first)
	for _, c := range counts {
		for _, h := range c.Homes {
			if h.Home != home {
				continue
			}
			if h.Unknown > 0 && h.Served == 0 && len(h.Failed) == 0 {
				continue
			}
			bad := map[uint64]bool{}
			for _, f := range h.Failed {
				bad[f.Second] = true
			}
			for s := c.From; s <= c.To; s++ {
				i := int64(s) - first //nolint:gosec // a Unix time
				switch {
				case i < 0 || i >= int64(len(seconds)):
				case bad[s]:
					seconds[i] = max(seconds[i], failed)
				case h.Unknown == 0:
					seconds[i] = served
				}
			}
		}
	}
	var g OutsideGap
	begun := -1
	for i, s := range seconds {
		switch s {
		case failed:
			if begun < 0 {
				begun = i
			}
			g.Failed++
			g.Longest = max(g.Longest, float64(i-begun+1))
		case served:
			begun = -1
		case unknown:
			continue
		}
		g.Known++
	}
	return g
}
