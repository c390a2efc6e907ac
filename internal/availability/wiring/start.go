package wiring

import (
	"context"
	"errors"
	"time"

	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/journal"
)

// Start returns the newest start of the platform, as far as regions run here.
func (w *Wiring) Start() (availability.Start, error) {
	s := availability.Start{Begun: w.house.Layout.Begun, Whole: map[string]time.Time{}}
	if s.Begun.IsZero() {
		return s, nil // an earlier version started it, which wrote nothing down
	}
	var errs []error
	for _, region := range w.house.Layout.Regions {
		var known availability.Wholeness
		_, err := w.house.State.Get(availability.WholePrefix+region, &known)
		errs = append(errs, err)
		if !known.Begun.Equal(s.Begun) {
			known.At = time.Time{}
		}
		s.Whole[region] = known.At
	}
	return s, errors.Join(errs...)
}

// recordStart appends an entry for each region that is whole for the first time since the
// platform was started.
func (w *Wiring) recordStart(ctx context.Context) error {
	start, err := w.Start()
	if err != nil {
		return err
	}
	now := w.house.Now()
	var entries []journal.Entry
	for region, at := range start.Whole {
		if !at.IsZero() || w.house.Blinded(now) {
			continue
		}
		of, _ := w.house.Layout.Platform.Region(region)
		if len(w.RegionStatus(of, now).Lacks()) > 0 {
			continue
		}
		e, err := availability.RegionWhole.Entry(region, "", availability.Wholeness{Region: region, Begun: start.Begun})
		if err != nil {
			return err
		}
		e.Time, e.Actor = now, "system"
		entries = append(entries, e)
	}
	if len(entries) == 0 {
		return nil
	}
	_, err = w.house.State.Append(ctx, entries...)
	return err
}
