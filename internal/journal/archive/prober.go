package archive

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/greenlang/fournines/internal/journal"
)

// Prober tries at its start and once a day to break the locks of the store, and records
// what it saw.
type Prober struct {
	Place  Place
	Try    func(ctx context.Context) (Probe, error) // an error: it could not be found out
	Record Recorder
	Now    func() time.Time
	Chance func() float64 // in [0, 1)
	Logger *slog.Logger

	one sync.Mutex // a bucket bears one probe at a time
}

// probeEvery is the time between two probes.
const probeEvery = 24 * time.Hour

// Run probes until ctx ends.
func (p *Prober) Run(ctx context.Context) {
	var t trouble
	said := false
	for ctx.Err() == nil {
		_, _, err := p.Once(ctx, false)
		wait := probeEvery
		if err == nil {
			t.over()
			said = false
		} else if ctx.Err() == nil {
			var alarm bool
			wait, alarm = t.failed(err, p.Now(), 5*time.Minute, p.Chance())
			if alarm && !said {
				p.Logger.Error("nobody can tell whether the object store's locks hold", "place", p.Place.String(), "err", err)
				_, err := p.record(ctx, Probe{Place: p.Place, At: p.Now().UTC(), Error: short(err)})
				said = err == nil
			}
		}
		pause(ctx, wait)
	}
}

// Once probes now and records it, with tell also when nothing could be found out. It
// returns the index of the entry.
func (p *Prober) Once(ctx context.Context, tell bool) (Probe, uint64, error) {
	p.one.Lock()
	defer p.one.Unlock()
	v, err := p.Try(ctx)
	v.Place = p.Place
	if err != nil && (!tell || ctx.Err() != nil) {
		return v, 0, err
	}
	if err != nil {
		v = Probe{Place: p.Place, At: p.Now().UTC(), Error: short(err)}
	} else if !v.Holds {
		p.Logger.Error("the object store's locks do not hold: nothing more is archived there", "place", p.Place.String())
	}
	index, rerr := p.record(ctx, v)
	if rerr != nil {
		return v, 0, rerr
	}
	return v, index, err
}

func (p *Prober) record(ctx context.Context, v Probe) (uint64, error) {
	e, err := entry(probed, p.Place.Bucket, "", v)
	if err != nil {
		return 0, err
	}
	return p.Record.Append(ctx, e)
}

var _ Recorder = (*journal.Journal)(nil)
