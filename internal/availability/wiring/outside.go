package wiring

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/greenlang/fournines/internal/assign"
	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/board"
	"github.com/greenlang/fournines/internal/evidence"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/probe/outside"
	"github.com/greenlang/fournines/internal/wing"
)

// How the server judges the reports of probers.
const (
	proberSilent = 15 * time.Second // longer than a request from outside may take
	clockAhead   = time.Minute      // by which a prober's clock may be ahead of the server's
	failingAfter = 3                // seconds in a row until a home's failing is a finding
)

// OutsideFact is the newest report of one vantage point.
type OutsideFact struct {
	Newest  fact.OutsideSecond
	Seen    time.Time
	Failing map[string]int // by home: seconds that failed in a row, unknown ones left out
}

// vantage turns probers' reports into entries, each second once.
type vantage struct {
	house *wing.House

	mu     sync.Mutex             // guards what follows, and that reports are taken one by one
	newest map[string]OutsideFact // by point
}

func newVantage(h *wing.House) *vantage {
	return &vantage{house: h, newest: map[string]OutsideFact{}}
}

func (w *vantage) fact(point string) OutsideFact {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.newest[point]
}

// TakeOutside records the report of a vantage point. It acknowledges the seconds that are
// in the journal; the prober sends the rest again, so a killed server loses none.
func (w *vantage) TakeOutside(ctx context.Context, point string, r board.OutsideReport) (board.Ack, error) {
	points := assign.Points(w.house.Layout, "")
	i := slices.IndexFunc(points, func(p outside.Point) bool { return p.Name == point })
	if i < 0 {
		return board.Ack{}, fmt.Errorf("this installation has no vantage point %q: see spec.vantagePoints of its platform file", point)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	var a evidence.Availability
	if _, err := w.house.State.Get(evidence.Key, &a); err != nil {
		return board.Ack{}, err
	}
	last := a.Points[point]
	now := w.house.Now()
	pending := growing(r.Seconds, last, uint64(now.Add(clockAhead).Unix())) //nolint:gosec // a Unix time
	w.note(point, pending, now)
	if len(pending) == 0 || time.Duration(pending[len(pending)-1].Seq-pending[0].Seq+1)*time.Second < countEvery { //nolint:gosec // a few minutes
		return board.Ack{Second: last}, nil
	}
	cells := map[string][]int{}
	for _, h := range points[i].Homes {
		cells[h.Name] = h.Cells
	}
	pending = a.Promised(pending, cells, r.Asking)
	var entries []journal.Entry
	for _, run := range runs(pending) {
		e, err := evidence.OutsideCounted.Entry(point, "", w.outsideCount(points, points[i], run))
		if err != nil {
			return board.Ack{}, err
		}
		e.Time, e.Actor = now, "prober:"+point
		entries = append(entries, e)
	}
	if _, err := w.house.State.Append(ctx, entries...); err != nil {
		return board.Ack{}, err
	}
	return board.Ack{Second: pending[len(pending)-1].Seq}, nil
}

// growing returns the seconds after one that is known, in order, each once. A prober whose
// clock is ahead of ours must not take the seconds of before the day on which it is set right.
func growing(seconds []fact.OutsideSecond, last, most uint64) (out []fact.OutsideSecond) {
	for _, s := range seconds {
		if s.Seq > last && s.Seq <= most {
			out = append(out, s)
			last = s.Seq
		}
	}
	return out
}

// note keeps the newest second as a fact.
func (w *vantage) note(point string, pending []fact.OutsideSecond, now time.Time) {
	f := OutsideFact{Seen: now, Failing: map[string]int{}, Newest: w.newest[point].Newest}
	maps.Copy(f.Failing, w.newest[point].Failing)
	for _, second := range pending {
		if second.Seq <= f.Newest.Seq {
			continue
		}
		f.Newest = second
		for _, h := range second.Homes {
			switch {
			case h.Served():
				f.Failing[h.Home] = 0
			case !h.Unknown:
				f.Failing[h.Home]++
			}
		}
	}
	w.newest[point] = f
}

// runs splits seconds where some are missing: nobody may say of those that they were asked in.
func runs(seconds []fact.OutsideSecond) (out [][]fact.OutsideSecond) {
	begin := 0
	for i := range seconds {
		if i+1 == len(seconds) || seconds[i+1].Seq != seconds[i].Seq+1 || seconds[i].Seq/3600 != seconds[i+1].Seq/3600 {
			out = append(out, seconds[begin:i+1])
			begin = i + 1
		}
	}
	return out
}

// outsideCount makes one entry of seconds that follow each other within an hour.
func (w *vantage) outsideCount(points []outside.Point, p outside.Point, run []fact.OutsideSecond) evidence.OutsideCount {
	from, to := run[0].Seq, run[len(run)-1].Seq
	c := evidence.OutsideCount{Point: p.Name, From: from, To: to, At: time.Unix(int64(to), 0).UTC().Add(time.Second - 1), Of: w.house.Layout.Platform.Spec.Cells.Count} //nolint:gosec // Unix times
	for _, h := range p.Homes {
		stand := 0
		for _, other := range points {
			if slices.ContainsFunc(other.Homes, func(o outside.Home) bool { return o.Name == h.Name }) {
				stand++
			}
		}
		out := evidence.OutsideHome{Home: h.Name, Cells: h.Cells, Weight: 1 / float64(stand)}
		for _, second := range run {
			i := slices.IndexFunc(second.Homes, func(o fact.OutsideHome) bool { return o.Home == h.Name })
			switch {
			case i < 0 || second.Homes[i].Unknown:
				out.Unknown++
			case second.Homes[i].Served():
				out.Served++
			default:
				o := second.Homes[i]
				out.Failed = append(out.Failed, evidence.Failure{Second: second.Seq, Stage: o.Failed, Cell: o.Cell, Address: o.Address, Error: o.Error[:min(len(o.Error), 300)]})
			}
		}
		c.Homes = append(c.Homes, out)
	}
	return c
}

// outsideFindings says who is not served as seen from outside, and where nobody looks.
func (w *vantage) outsideFindings(now time.Time) []wing.Finding {
	if now.Sub(w.house.Looking) < proberSilent {
		return nil
	}
	var out []wing.Finding
	for _, p := range assign.Points(w.house.Layout, "") {
		f := w.fact(p.Name)
		if now.Sub(f.Seen) > proberSilent {
			out = append(out, wing.Finding{
				Code: "outside-blind", Severity: evidence.Warning, Title: "nobody looks from the vantage point " + p.Name, Subject: p.Name, Since: f.Seen,
				Text:    "its prober has not reported" + availability.Ago(f.Seen, now) + ": customers who reach no edge are counted by nobody meanwhile, and that time is unknown. `fournines prober " + p.Name + "` starts it.",
				Command: "fournines evidence availability",
			})
			continue
		}
		for _, h := range f.Newest.Homes {
			if n := f.Failing[h.Home]; n >= failingAfter {
				out = append(out, wing.Finding{
					Code: "outside-failing", Severity: evidence.Critical, Title: "customers of " + h.Home + " are not served, as seen from " + p.Name, Subject: h.Home,
					Since: now.Add(-time.Duration(n) * time.Second), Command: "fournines journal list --kind outside.counted",
					Text: fmt.Sprintf("for %d s; the last request failed at the stage %s: %s", n, h.Failed, strings.TrimSpace(h.Error)),
				})
			}
		}
	}
	return out
}

// outsideMetrics tell the newest second of each vantage point, read at the moment of asking.
type outsideMetrics struct{ w *vantage }

var (
	outsideServed  = prometheus.NewDesc("fournines_outside_served", "1 while a home's customers are served as seen from a vantage point outside; absent while that is unknown.", []string{"point", "home"}, nil)
	outsideSeconds = prometheus.NewDesc("fournines_outside_request_seconds", "What the newest request from a vantage point took, names, connecting, a read and a write included.", []string{"point", "home"}, nil)
	outsideAge     = prometheus.NewDesc("fournines_outside_report_age_seconds", "Time since a vantage point's prober last reported.", []string{"point"}, nil)
)

// Describe implements prometheus.Collector.
func (outsideMetrics) Describe(out chan<- *prometheus.Desc) {
	out <- outsideServed
	out <- outsideSeconds
	out <- outsideAge
}

// Collect implements prometheus.Collector.
func (m outsideMetrics) Collect(out chan<- prometheus.Metric) {
	now := m.w.house.Now()
	for _, p := range assign.Points(m.w.house.Layout, "") {
		f := m.w.fact(p.Name)
		if f.Seen.IsZero() {
			continue
		}
		out <- prometheus.MustNewConstMetric(outsideAge, prometheus.GaugeValue, now.Sub(f.Seen).Seconds(), p.Name)
		if now.Sub(f.Seen) > proberSilent {
			continue
		}
		for _, h := range f.Newest.Homes {
			if h.Unknown {
				continue
			}
			out <- prometheus.MustNewConstMetric(outsideServed, prometheus.GaugeValue, one(h.Served()), p.Name, h.Home)
			out <- prometheus.MustNewConstMetric(outsideSeconds, prometheus.GaugeValue, h.Seconds, p.Name, h.Home)
		}
	}
}
