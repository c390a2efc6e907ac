package app

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/greenlang/fournines/internal/edge"
	"github.com/greenlang/fournines/internal/evidence"
	"github.com/greenlang/fournines/internal/journal"
)

// countEvery is how many seconds of an edge's counters become one entry.
const countEvery = 10 * time.Second

// traffic turns edges' reports into entries, each second and each event once.
type traffic struct {
	mu    sync.Mutex // guards what follows
	edges map[string]*edgeTraffic
}

type edgeTraffic struct {
	pending []edge.Second
	event   uint64 // number of the last event that is in the journal
	flushed time.Time
}

func newTraffic() *traffic { return &traffic{edges: map[string]*edgeTraffic{}} }

// Ack tells an edge from which numbers on it shall report.
type Ack struct {
	Second uint64 `json:"second"`
	Event  uint64 `json:"event"`
}

// TakeEdge keeps an edge's report: states as facts, counters and events for the journal.
func (s *ServerApp) TakeEdge(ctx context.Context, region string, f EdgeFact) (Ack, error) {
	if _, ok := s.regions[region]; !ok {
		return Ack{}, fmt.Errorf("this installation does not run region %q", region)
	}
	now := time.Now()
	f.Seen = now
	seconds, events := f.Seconds, f.Events
	f.Seconds, f.Events = nil, nil
	s.Facts.PutEdge(region, f)

	s.traffic.mu.Lock()
	defer s.traffic.mu.Unlock()
	t := s.traffic.edges[region]
	if t == nil {
		t = &edgeTraffic{flushed: now}
		if _, err := s.State.Get(edgeEvent+Cluster(region, Edge), &t.event); err != nil {
			return Ack{}, err
		}
		s.traffic.edges[region] = t
	}
	var a evidence.Availability
	if _, err := s.State.Get(evidence.Key, &a); err != nil {
		return Ack{}, err
	}
	last := a.Seconds[region]
	if n := len(t.pending); n > 0 {
		last = t.pending[n-1].Seq
	}
	for _, second := range seconds {
		if second.Seq > last {
			t.pending = append(t.pending, second)
			last = second.Seq
		}
	}
	if err := s.recordEvents(ctx, region, t, events); err != nil {
		return Ack{}, err
	}
	if now.Sub(t.flushed) >= countEvery && len(t.pending) > 0 {
		if err := s.flush(ctx, region, t, now); err != nil {
			return Ack{}, err
		}
	}
	return Ack{Second: last, Event: t.event}, nil
}

func (s *ServerApp) recordEvents(ctx context.Context, region string, t *edgeTraffic, events []edge.Event) error {
	var entries []journal.Entry
	for _, ev := range events {
		if ev.Seq <= t.event {
			continue
		}
		e, err := journal.New("edge."+string(ev.Kind), Cluster(region, Edge), "", ev)
		if err != nil {
			return err
		}
		e.Time, e.Actor = ev.At, "edge:"+region
		entries = append(entries, e)
		t.event = ev.Seq
	}
	if len(entries) == 0 {
		return nil
	}
	_, err := s.State.Append(ctx, entries...)
	return err
}

// flush turns what is pending into one entry. Seconds in which nobody asked have no rows.
func (s *ServerApp) flush(ctx context.Context, region string, t *edgeTraffic, now time.Time) error {
	c := evidence.Count{Region: region, From: t.pending[0].Seq, To: t.pending[len(t.pending)-1].Seq, At: now, Cells: s.Layout.Platform.Spec.Cells.Count}
	cells := map[int]*evidence.Cell{}
	for _, second := range t.pending {
		addSecond(cells, second)
	}
	for i := -1; i < c.Cells; i++ {
		if cell, ok := cells[i]; ok {
			c.Rows = append(c.Rows, *cell)
		}
	}
	e, err := journal.New(evidence.Counted, Cluster(region, Edge), "", c)
	if err != nil {
		return err
	}
	e.Time, e.Actor = now, "edge:"+region
	if _, err := s.State.Append(ctx, e); err != nil {
		return err
	}
	t.pending, t.flushed = nil, now
	return nil
}

func addSecond(cells map[int]*evidence.Cell, second edge.Second) {
	type sum struct{ requests, failed uint64 }
	now := map[int]sum{}
	for _, row := range second.Rows {
		x := now[row.Cell]
		now[row.Cell] = sum{x.requests + uint64(row.Requests), x.failed + uint64(row.Failed)}
	}
	for id, x := range now {
		c := cells[id]
		if c == nil {
			c = &evidence.Cell{Cell: id}
			cells[id] = c
		}
		c.Requests += x.requests
		c.Failed += x.failed
		if x.requests > 0 {
			c.Bad += float64(x.failed) / float64(x.requests)
		}
	}
}
