package ingest

import (
	"context"
	"fmt"
	"time"

	"github.com/greenlang/fournines/internal/journal"
)

// fill reads from the journal what no run has.
func (s *seen) fill(ctx context.Context, j Log, now time.Time) error {
	size := j.Head().Size
	begin, err := since(j, size, now.Add(-Window-slack/2))
	if err != nil {
		return err
	}
	// The second: another journal stands in its place, and what the runs say is not of it.
	if n := len(s.runs); n > 0 && ((s.runs[0].from > begin && n < maxRuns) || s.first > size) {
		s.drop(n)
	}
	if len(s.runs) == 0 {
		s.first = begin
	}
	for at := s.first; at < size; {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		records, err := j.Read(at, 4096)
		if err != nil {
			return fmt.Errorf("look for recorded audit events: %w", err)
		}
		var pairs []pair
		for _, r := range records {
			var got Recorded
			if r.Kind == Audit.Name && r.Decode(&got) == nil {
				pairs = append(pairs, pair{idHash(got.Application, got.Tenant, r.Operation), r.Index})
			}
		}
		s.add(pairs)
		at += uint64(len(records))
		if err := s.spill(at, now); err != nil {
			return err
		}
	}
	return nil
}

// since returns about the first index that was recorded at that time or later.
func since(j Log, size uint64, t time.Time) (uint64, error) {
	low, high := uint64(0), size
	for low < high {
		mid := low + (high-low)/2
		r, err := j.Read(mid, 1)
		if err != nil || len(r) == 0 {
			return 0, fmt.Errorf("look for recorded audit events at entry %d: %w", mid, err)
		}
		if r[0].Time.Before(t) {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low, nil
}

// Log is the journal.
type Log interface {
	Head() journal.Head
	Read(from uint64, n int) ([]journal.Record, error)
	Append(ctx context.Context, entries ...journal.Entry) (uint64, error)
}
