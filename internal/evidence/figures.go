package evidence

import (
	"slices"
	"time"

	"github.com/greenlang/fournines/internal/drill"
)

// The incidents and drills that count: real ones, practice, or both.
const (
	Real     = "real"
	Practice = "practice"
	Both     = "both"
)

// Figures computes all figures but availability for a window: mttd, mttr, mtbf, rto,
// rpo, blast (rows 7.1.11, 7.1.12, 7.8.5). of is Real, Practice or Both.
func Figures(incidents []Incident, drills []drill.Report, moves []Move, known float64, of string, from, to time.Time) []Figure {
	var detect, repair, between, blast, rto, rpo []Sample
	for _, i := range incidents {
		if !counts(of, i.Practice != "") || i.Began.Before(from) || !i.Began.Before(to) {
			continue
		}
		took := Sample{i.Duration().Seconds(), i.Entries}
		repair, between = append(repair, took), append(between, took)
		blast = append(blast, Sample{100 * i.Blast(), i.Entries})
		if !i.Detected.IsZero() {
			detect = append(detect, Sample{max(i.Detected.Sub(i.Began).Seconds(), 0), i.Entries})
			rto = append(rto, took)
		}
	}
	for _, d := range drills {
		if !counts(of, true) || d.Verdict == drill.Running || d.Verdict == drill.Aborted || d.Begun.Before(from) || !d.Begun.Before(to) {
			continue
		}
		entries := []uint64{d.Journal.First, d.Journal.Last}
		if v, ok := objective(d, "rto", "recover"); ok {
			rto = append(rto, Sample{v, entries})
		}
		if v, ok := objective(d, "rpo"); ok {
			rpo = append(rpo, Sample{v, entries})
		} else if lost, ok := objective(d, "writes_lost"); ok && lost == 0 {
			rpo = append(rpo, Sample{0, entries}) // nothing lost is a recovery point of 0 s
		}
	}
	for _, m := range moves {
		if counts(of, m.Practice) && !m.At.Before(from) && m.At.Before(to) {
			rto, rpo = append(rto, Sample{m.RTO, m.Entries}), append(rpo, Sample{m.RPO, m.Entries})
		}
	}
	return []Figure{
		Summarize("mttd", "seconds", detect), Summarize("mttr", "seconds", repair), Between("mtbf", known, between),
		Summarize("rto", "seconds", rto), Summarize("rpo", "seconds", rpo), Summarize("blast", "percent of cells", blast),
	}
}

func counts(of string, practice bool) bool {
	return of == Both || (of == Practice) == practice
}

// objective returns what a drill measured under the first of the names it has.
func objective(d drill.Report, names ...string) (float64, bool) {
	for _, n := range names {
		if i := slices.IndexFunc(d.Objectives, func(o drill.Objective) bool { return o.Name == n }); i >= 0 {
			return d.Objectives[i].Measured, true
		}
	}
	return 0, false
}
