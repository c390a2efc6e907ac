package archive

import (
	"context"
	"errors"
	"io"
	"iter"
	"log/slog"
	"time"

	"github.com/greenlang/fournines/internal/journal"
)

// WriteFunc writes the entries [first, next) as a table. The same entries give the same
// bytes, at least from the same version of the program.
type WriteFunc func(w io.Writer, first, next uint64, rows iter.Seq2[journal.Record, error]) error

// Recorder appends entries, and returns when they are folded into the status.
type Recorder interface {
	Append(ctx context.Context, entries ...journal.Entry) (uint64, error)
}

// Options say what is archived, where to, and how. All but Limits, AlarmAfter, Every and
// Logger are required.
type Options struct {
	Log        Log
	Tree       Tree
	Record     Recorder
	Status     func() (Status, error) // of Place
	Place      Place
	Open       func(ctx context.Context) (Store, error) // asked for each part
	Write      WriteFunc
	Read       ReadFunc      // of what Write wrote, by any version of it; nil: other bytes are a conflict
	Spool      string        // directory for one table at a time
	Retention  time.Duration // from the part's begin
	Limits     Limits        // zero: [Standard]
	AlarmAfter time.Duration // zero: 5 min
	Every      time.Duration // longest time between two looks at what waits; zero: a tenth of Limits.Age, 30 s at most
	Now        func() time.Time
	Chance     func() float64 // in [0, 1)
	Logger     *slog.Logger
}

// Archiver carries a journal into an archive. Only one may run for a journal.
type Archiver struct {
	o       Options
	trouble trouble
	oldest  time.Time // of the first entry that waits and is not our own
	at      uint64    // index up to which only our own were seen
}

// New checks the options.
func New(o Options) (*Archiver, error) {
	if o.Limits == (Limits{}) {
		o.Limits = Standard
	}
	if err := o.Limits.Check(); err != nil {
		return nil, err
	}
	if o.AlarmAfter <= 0 {
		o.AlarmAfter = 5 * time.Minute
	}
	if o.Every <= 0 {
		o.Every = min(30*time.Second, max(o.Limits.Age/10, 100*time.Millisecond))
	}
	if o.Retention <= 0 {
		return nil, errors.New("archive: no retention is given")
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Archiver{o: o}, nil
}

// Run archives until ctx ends.
func (a *Archiver) Run(ctx context.Context) {
	for ctx.Err() == nil {
		wait, err := a.Step(ctx)
		if err != nil && ctx.Err() == nil {
			wait = a.failed(ctx, err)
		}
		pause(ctx, wait)
	}
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// Step archives one part, if one is due or was left unfinished, and returns how long
// nothing needs to be done.
func (a *Archiver) Step(ctx context.Context) (wait time.Duration, err error) {
	s, err := a.o.Status()
	if err != nil {
		return 0, err
	}
	now := a.o.Now()
	b := Begun{Place: a.o.Place, First: s.Next, RetainUntil: wholeSecond(now.Add(a.o.Retention))}
	switch {
	case s.Pending != nil && s.Pending.RetainUntil.Sub(now) > a.o.Retention/2:
		b = *s.Pending
	case s.Pending != nil: // it was left for so long that its lock would be short: say it anew
		b.Next = s.Pending.Next
	default:
		log, err := a.backlog(s.Next)
		if err != nil {
			return 0, err
		}
		var due bool
		if b.Next, due = a.o.Limits.Decide(log, now); !due {
			return a.idle(log, now), nil
		}
	}
	store, err := a.open(ctx, s)
	if err != nil {
		return 0, err
	}
	if s.Pending == nil || *s.Pending != b {
		if err := record(ctx, a.o.Record, begun, b.Place.Bucket, PartKey(b.First, b.Next), b); err != nil {
			return 0, err
		}
	}
	done, err := a.carry(ctx, store, b)
	if err != nil {
		return 0, err
	}
	return 0, a.done(ctx, s, done)
}

func (a *Archiver) open(ctx context.Context, s Status) (Store, error) {
	if err := s.Usable(); err != nil {
		return nil, err
	}
	return a.o.Open(ctx)
}
