package consoletest

import (
	"context"
	"slices"
	"time"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/drill"
	"github.com/greenlang/fournines/internal/evidence"
)

// fixtureDays are 30 days of steady traffic with two bad times.
func fixtureDays() []evidence.Day {
	var out []evidence.Day
	for n := range 30 {
		at := Noon().AddDate(0, 0, n-29)
		d := evidence.Day{Region: "us-east-1", Date: at.Format("2006-01-02")}
		for c := range 12 {
			row := evidence.DayRow{Service: "greenlang", Cell: c}
			for h := range row.Requests {
				d.Known[h], row.Requests[h] = 3600, 9000
			}
			switch {
			case n == 11:
				row.Failed[3] = 40
				d.Bad = append(d.Bad, evidence.BadMinute{Minute: 187, Service: "greenlang", Cell: c, Requests: 150, Failed: 40, Bad: 16, Entries: []uint64{61}})
			case n == 29 && c < 2:
				row.Failed[11] = 12
				d.Bad = append(d.Bad, evidence.BadMinute{Minute: 668, Service: "greenlang", Cell: c, Requests: 150, Failed: 12, Bad: 1.5, Entries: []uint64{101, 112}})
			}
			d.Rows = append(d.Rows, row)
		}
		out = append(out, d)
	}
	return out
}

// fixtureOutside is what was seen from outside in the last ten days: the region was lost for
// nine seconds, of which its own edge counted two; the prober was off for a day.
func fixtureOutside() []evidence.OutsideDay {
	var out []evidence.OutsideDay
	for n := 20; n < 30; n++ {
		at := Noon().AddDate(0, 0, n-29)
		d := evidence.OutsideDay{Home: "us-east-1", Date: at.Format("2006-01-02")}
		for c := 0; c < 12; c += 2 { // those whose home it is
			d.Cells = append(d.Cells, c)
		}
		for h := range d.Known {
			if n != 24 {
				d.Known[h] = 3598
			}
		}
		if n == 29 {
			d.Bad = append(d.Bad, evidence.OutsideMinute{Minute: 668, Bad: 9, Entries: []uint64{100, 103}})
		}
		out = append(out, d)
	}
	return out
}

func fixtureIncidents() []evidence.Incident {
	everywhere := map[int]float64{}
	for c := range 12 {
		everywhere[c] = 16
	}
	long := Noon().AddDate(0, 0, -18).Add(-9*time.Hour + 7*time.Minute)
	return []evidence.Incident{
		{ID: "us-east-1/2", Region: "us-east-1", Began: before(52*time.Minute + time.Second), Detected: before(52 * time.Minute), Recovered: before(52*time.Minute - 2*time.Second), Of: 12, Cells: map[int]float64{0: 1.5, 1: 1.5}, Outside: 9, Failed: 24, Practice: "fault-7", Entries: []uint64{99, 101, 112}},
		{ID: "us-east-1/1", Region: "us-east-1", Began: long, Recovered: long.Add(16 * time.Second), Of: 12, Cells: everywhere, Failed: 480, Entries: []uint64{61}},
	}
}

// Evidence computes with the real package, so that the page shows what it would.
func (f *Fixture) Evidence(_ context.Context, q api.EvidenceFilter) (api.Evidence, error) {
	const target = 0.9999
	counts, incidents := evidence.Counts{Days: fixtureDays(), Outside: fixtureOutside()}, fixtureIncidents()
	measure := func(s evidence.Scope) api.Measured { return evidence.Measure(counts, incidents, s, 12, q.From, q.To) }
	e := api.Evidence{From: q.From, To: q.To, Of: q.Of, Target: target, Platform: measure(q.Scope), Regions: []api.Measured{measure(evidence.Scope{Region: "us-east-1"})}, Services: []api.Measured{measure(evidence.Scope{Service: "greenlang"})}}
	for c := range 12 {
		e.Cells = append(e.Cells, measure(evidence.Scope{Cell: &c}))
	}
	allowed := (1 - target) * q.To.Sub(q.From).Seconds()
	e.Budget = api.Budget{Allowed: allowed, Spent: e.Platform.Spent}
	if e.Platform.Customer != nil {
		e.Budget.Remaining = new(1 - e.Platform.Spent/allowed)
	}
	e.Burn, e.BurnDown = evidence.DecideBurn(counts, nil, 12, target, q.To), evidence.BurnDown(counts, q.Scope, 12, q.From, q.To, 60)
	reports := []drill.Report{}
	for n := range 8 {
		reports = append(reports, drill.Report{Verdict: drill.Pass, Begun: before(time.Duration(n+1) * time.Hour), Journal: drill.Range{First: uint64(n + 20), Last: uint64(n + 30)},
			Objectives: []drill.Objective{{Name: "recover", Measured: 1.1 + float64(n)/5}, {Name: "writes_lost"}}})
	}
	e.Figures = evidence.Figures(incidents, reports, nil, e.Platform.Known, q.Of, q.From, q.To)
	e.Incidents = slices.DeleteFunc(incidents, func(i api.Incident) bool { return i.Recovered.Before(q.From) })
	return e, nil
}
