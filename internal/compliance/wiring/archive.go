package wiring

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/greenlang/fournines/internal/compliance/wiring/bucket"
	"github.com/greenlang/fournines/internal/journal/archive"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/spec"
)

// archiving is the archive as the server runs it.
type archiving struct {
	place     archive.Place
	bucket    *bucket.Lazy
	archiver  *archive.Archiver
	prober    *archive.Prober
	retention time.Duration
	limits    archive.Limits
}

// embeddedWithin is how long an entry waits at most where the store is on the same
// machine: nobody pays for requests there, and a first look finds something.
const embeddedWithin = 10 * time.Minute

func newArchiving(l place.Layout, secrets place.Secrets) archiving {
	a := l.Platform.Spec.Archive
	x := archiving{place: bucket.PlaceOf(l), retention: a.Retention.D(), limits: archive.Standard}
	if x.retention == 0 {
		x.retention = spec.SevenYears.D()
	}
	switch {
	case a.Within > 0:
		x.limits.Age = a.Within.D()
	case l.EmbedsObjects():
		x.limits.Age = embeddedWithin
	}
	x.bucket = bucket.NewLazy(l, secrets)
	return x
}

// openArchive makes what carries the journal into the archive, and what tries the archive's
// locks. The bucket is opened when it is first needed.
func (w *Wiring) openArchive() error {
	h := w.house
	x := newArchiving(h.Layout, h.Secrets)
	spool := filepath.Join(h.Dir, "spool")
	if err := os.MkdirAll(spool, 0o700); err != nil {
		return fmt.Errorf("make the archive's spool: %w", err)
	}
	var err error
	x.archiver, err = archive.New(archive.Options{
		Log: h.Journal, Tree: h.Journal, Record: h.State, Status: w.archived, Place: x.place,
		Open:  func(ctx context.Context) (archive.Store, error) { return x.bucket.Get(ctx) },
		Write: archive.WriteTable(h.Journal.Origin()), Read: archive.ReadTable, Spool: spool, Retention: x.retention, Limits: x.limits,
		Now: h.Now, Chance: rand.Float64, Logger: h.Log,
	})
	if err != nil {
		return err
	}
	x.prober = &archive.Prober{Place: x.place, Try: w.tryLocks, Record: h.State, Now: h.Now, Chance: rand.Float64, Logger: h.Log}
	w.archive = x
	return nil
}

// carry archives until ctx ends. A failure is an entry and the finding archive-failed, which
// outlive the server; the task itself does not fail.
func (w *Wiring) carry(ctx context.Context) error {
	w.archive.archiver.Run(ctx)
	return ctx.Err()
}

// probe tries the locks until ctx ends. It records its result as an entry, also when it
// could find out nothing; the task itself does not fail.
func (w *Wiring) probe(ctx context.Context) error {
	w.archive.prober.Run(ctx)
	return ctx.Err()
}

// probeLimit bounds one probe: its canary is locked for 90 s.
const probeLimit = 2 * time.Minute

func (w *Wiring) tryLocks(ctx context.Context) (archive.Probe, error) {
	ctx, cancel := context.WithTimeout(ctx, probeLimit)
	defer cancel()
	b, err := w.archive.bucket.Get(ctx)
	if err != nil {
		return archive.Probe{}, err
	}
	return b.Probe(ctx)
}

// archived returns what the journal says of the configured archive.
func (w *Wiring) archived() (archive.Status, error) {
	st := archive.Status{Place: w.archive.place}
	_, err := w.house.State.Get(archive.DocPrefix+st.Place.String(), &st)
	return st, err
}
