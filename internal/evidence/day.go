package evidence

import (
	"time"

	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/state"
)

// DayPrefix begins the keys of [Day] documents: + REGION/YYYY-MM-DD.
const DayPrefix = "evidence/day/"

const dateLayout = "2006-01-02"

// Day is one region's traffic on one UTC day. Good time needs no minutes: only the bad
// ones are kept one by one, so a year of six regions is a few megabytes.
type Day struct {
	Region string      `json:"region"`
	Date   string      `json:"date"`
	Known  [24]float64 `json:"known"` // seconds of each hour that an edge has counted
	Rows   []DayRow    `json:"rows"`
	Bad    []BadMinute `json:"bad,omitempty"`
	First  uint64      `json:"first"` // entries
	Last   uint64      `json:"last"`
}

// DayRow is the traffic of one cell's customers to one service, hour by hour.
type DayRow struct {
	Service  string     `json:"service,omitempty"`
	Cell     int        `json:"cell"`
	Requests [24]uint64 `json:"requests"`
	Failed   [24]uint64 `json:"failed"`
}

// BadMinute is what failed in one minute.
type BadMinute struct {
	Minute   int      `json:"minute"` // of the UTC day
	Service  string   `json:"service,omitempty"`
	Cell     int      `json:"cell"`
	Requests uint64   `json:"requests"` // in the seconds in which something failed
	Failed   uint64   `json:"failed"`
	Bad      float64  `json:"bad"` // seconds, each weighted with the share of requests that failed
	Entries  []uint64 `json:"entries"`
}

// FoldDays keeps the documents. It is a state.Fold.
func FoldDays(d *state.Docs, r journal.Record) error {
	switch r.Kind {
	case OutsideCounted.Name:
		return foldOutside(d, r)
	case Counted.Name:
	default:
		return nil
	}
	var c Count
	if err := r.Decode(&c); err != nil {
		return err
	}
	key := DayPrefix + c.Region + "/" + c.At.UTC().Format(dateLayout)
	day := Day{Region: c.Region, Date: c.At.UTC().Format(dateLayout), First: r.Index}
	found, err := d.Get(key, &day)
	if err != nil || (found && r.Index <= day.Last) {
		return err
	}
	day.add(c, r.Index)
	return d.Put(key, day)
}

func (d *Day) add(c Count, index uint64) {
	at := c.At.UTC()
	hour := at.Hour()
	// A reader that was away brings more seconds at once than the hour has left; they are
	// traffic of before, and an hour cannot hold more than itself.
	d.Known[hour] = min(d.Known[hour]+float64(c.To-c.From+1), time.Hour.Seconds())
	d.Last = index
	for _, cell := range c.Rows {
		row := d.row(cell)
		row.Requests[hour] += cell.Requests
		row.Failed[hour] += cell.Failed
	}
	for _, b := range c.bad() {
		d.bad(minuteIn(d.Date, b.at.UTC()), b, index)
	}
}

func (d *Day) row(c Cell) *DayRow {
	for i := range d.Rows {
		if d.Rows[i].Cell == c.Cell && d.Rows[i].Service == c.Service {
			return &d.Rows[i]
		}
	}
	d.Rows = append(d.Rows, DayRow{Service: c.Service, Cell: c.Cell})
	return &d.Rows[len(d.Rows)-1]
}

func (d *Day) bad(minute int, c badCell, index uint64) {
	for i := len(d.Bad) - 1; i >= 0 && d.Bad[i].Minute == minute; i-- {
		if b := &d.Bad[i]; b.Cell == c.Cell.Cell && b.Service == c.Service {
			b.Requests, b.Failed, b.Bad = b.Requests+c.Requests, b.Failed+c.Failed, b.Bad+c.share
			if n := len(b.Entries); b.Entries[n-1] != index {
				b.Entries = append(b.Entries, index)
			}
			return
		}
	}
	d.Bad = append(d.Bad, BadMinute{minute, c.Service, c.Cell.Cell, c.Requests, c.Failed, c.share, []uint64{index}})
}
