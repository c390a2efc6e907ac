package wiring

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/greenlang/fournines/internal/board"
	"github.com/greenlang/fournines/internal/edge"
	"github.com/greenlang/fournines/internal/evidence"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/wing"
)

// countEvery is how many seconds of an edge's counters become one entry.
const countEvery = 10 * time.Second

// traffic turns edges' reports into entries, each second and each event once.
type traffic struct {
	house *wing.House

	mu    sync.Mutex // guards what follows
	edges map[string]*edgeTraffic
}

type edgeTraffic struct {
	event   uint64 // number of the last event that is in the journal
	flushed time.Time
}

func newTraffic(h *wing.House) *traffic {
	return &traffic{house: h, edges: map[string]*edgeTraffic{}}
}

// TakeEdge keeps an edge's report: states as facts, counters and events for the journal.
func (w *traffic) TakeEdge(ctx context.Context, region string, f board.EdgeFact) (board.Ack, error) {
	if !slices.Contains(w.house.Layout.Regions, region) {
		return board.Ack{}, fmt.Errorf("this installation does not run region %q", region)
	}
	now := w.house.Now()
	f.Seen = now
	seconds, events := f.Seconds, f.Events
	f.Seconds, f.Events = nil, nil
	w.house.Facts.PutEdge(region, f)

	w.mu.Lock()
	defer w.mu.Unlock()
	t := w.edges[region]
	if t == nil {
		t = &edgeTraffic{flushed: now}
		if _, err := w.house.State.Get(edgeEvent+place.Cluster(region, place.Edge), &t.event); err != nil {
			return board.Ack{}, err
		}
		w.edges[region] = t
	}
	var a evidence.Availability
	if _, err := w.house.State.Get(evidence.Key, &a); err != nil {
		return board.Ack{}, err
	}
	last := a.Seconds[region]
	seconds = slices.DeleteFunc(seconds, func(x edge.Second) bool { return x.Seq <= last })
	if err := w.recordEvents(ctx, region, t, events); err != nil {
		return board.Ack{}, err
	}
	if now.Sub(t.flushed) >= countEvery && len(seconds) > 0 {
		if err := w.flush(ctx, region, seconds, now); err != nil {
			return board.Ack{}, err
		}
		t.flushed, last = now, seconds[len(seconds)-1].Seq
	}
	return board.Ack{Second: last, Event: t.event}, nil
}

func (w *traffic) recordEvents(ctx context.Context, region string, t *edgeTraffic, events []edge.Event) error {
	var entries []journal.Entry
	newest := t.event
	for _, ev := range events {
		if ev.Seq <= t.event {
			continue
		}
		e, err := edgeEntry(ev, place.Cluster(region, place.Edge))
		if err != nil {
			return err
		}
		e.Time, e.Actor = ev.At, "edge:"+region
		entries = append(entries, e)
		newest = ev.Seq
	}
	if len(entries) == 0 {
		return nil
	}
	// Not with the caller's context: whether they are recorded must be known, or they would be twice.
	if _, err := w.house.State.Append(context.WithoutCancel(ctx), entries...); err != nil {
		return err
	}
	t.event = newest
	return nil
}

// flush turns seconds into one entry. Those in which nobody asked have no rows.
func (w *traffic) flush(ctx context.Context, region string, seconds []edge.Second, now time.Time) error {
	c := evidence.Count{Region: region, From: seconds[0].Seq, To: seconds[len(seconds)-1].Seq, At: now, Cells: w.house.Layout.Platform.Spec.Cells.Count}
	sums := map[cellOf]*evidence.Cell{}
	for _, second := range seconds {
		bad := evidence.BadSecond{At: time.Unix(int64(second.Seq)+1, 0).UTC()} //nolint:gosec // numbers of seconds are Unix times
		for _, cell := range cellsOf(second) {
			add(sums, cell)
			if cell.Failed > 0 {
				bad.Cells = append(bad.Cells, cell)
			}
		}
		if len(bad.Cells) > 0 {
			c.Bad = append(c.Bad, bad)
		}
	}
	for _, sum := range sums {
		c.Rows = append(c.Rows, *sum)
	}
	slices.SortFunc(c.Rows, func(a, b evidence.Cell) int {
		return cmp.Or(cmp.Compare(a.Cell, b.Cell), cmp.Compare(a.Service, b.Service))
	})
	e, err := evidence.Counted.Entry(place.Cluster(region, place.Edge), "", c)
	if err != nil {
		return err
	}
	e.Time, e.Actor = now, "edge:"+region
	_, err = w.house.State.Append(context.WithoutCancel(ctx), e) // see recordEvents
	return err
}

type cellOf struct {
	service string
	cell    int
}

// cellsOf sums a second's rows over targets and versions, in a stable order.
func cellsOf(second edge.Second) []evidence.Cell {
	sums := map[cellOf]*evidence.Cell{}
	for _, row := range second.Rows {
		add(sums, evidence.Cell{Cell: row.Cell, Service: row.Service, Requests: uint64(row.Requests), Failed: uint64(row.Failed)})
	}
	var out []evidence.Cell
	for _, c := range sums {
		if c.Requests > 0 {
			c.Bad = float64(c.Failed) / float64(c.Requests)
		}
		out = append(out, *c)
	}
	slices.SortFunc(out, func(a, b evidence.Cell) int {
		return cmp.Or(cmp.Compare(a.Cell, b.Cell), cmp.Compare(a.Service, b.Service))
	})
	return out
}

func add(sums map[cellOf]*evidence.Cell, c evidence.Cell) {
	k := cellOf{c.Service, c.Cell}
	if sums[k] == nil {
		sums[k] = &evidence.Cell{Cell: c.Cell, Service: c.Service}
	}
	sums[k].Requests += c.Requests
	sums[k].Failed += c.Failed
	sums[k].Bad += c.Bad
}
