package app

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/greenlang/fournines/internal/app/bucket"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/journal/archive"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/spec"
	"github.com/greenlang/fournines/internal/state"
)

// archiving is the archive as the server runs it.
type archiving struct {
	place     archive.Place
	bucket    *lazyBucket
	prober    *archive.Prober
	retention time.Duration
	limits    archive.Limits
}

// embeddedWithin is how long an entry waits at most where the store is on the same
// machine: nobody pays for requests there, and a first look finds something.
const embeddedWithin = 10 * time.Minute

func newArchiving(l place.Layout, secrets place.Secrets) archiving {
	a := l.Platform.Spec.Archive
	x := archiving{place: ArchivePlace(l), retention: a.Retention.D(), limits: archive.Standard}
	if x.retention == 0 {
		x.retention = spec.SevenYears.D()
	}
	switch {
	case a.Within > 0:
		x.limits.Age = a.Within.D()
	case l.EmbedsObjects():
		x.limits.Age = embeddedWithin
	}
	x.bucket = &lazyBucket{open: func() (*bucket.Bucket, error) { return OpenBucket(l, secrets) }}
	return x
}

// startArchive starts what carries the journal into the archive, and what tries the
// archive's locks.
func (s *ServerApp) startArchive(ctx context.Context) error {
	s.archive = newArchiving(s.Layout, s.Secrets)
	spool := filepath.Join(s.dir(), "spool")
	if err := os.MkdirAll(spool, 0o700); err != nil {
		return fmt.Errorf("make the archive's spool: %w", err)
	}
	a, err := archive.New(archive.Options{
		Log: s.Journal, Tree: s.Journal, Record: s.State, Status: s.archived, Place: s.archive.place,
		Open:  func(ctx context.Context) (archive.Store, error) { return s.archive.bucket.get(ctx) },
		Write: archive.WriteTable(s.Journal.Origin()), Read: archive.ReadTable, Spool: spool, Retention: s.archive.retention, Limits: s.archive.limits,
		Now: time.Now, Chance: rand.Float64, Logger: s.Log,
	})
	if err != nil {
		return err
	}
	s.archive.prober = &archive.Prober{Place: s.archive.place, Try: s.tryLocks, Record: s.State, Now: time.Now, Chance: rand.Float64, Logger: s.Log}
	s.wg.Go(func() { s.archive.prober.Run(ctx) })
	s.wg.Go(func() { a.Run(ctx) })
	return nil
}

// probeLimit bounds one probe: its canary is locked for 90 s.
const probeLimit = 2 * time.Minute

func (s *ServerApp) tryLocks(ctx context.Context) (archive.Probe, error) {
	ctx, cancel := context.WithTimeout(ctx, probeLimit)
	defer cancel()
	b, err := s.archive.bucket.get(ctx)
	if err != nil {
		return archive.Probe{}, err
	}
	return b.Probe(ctx)
}

// archived returns what the journal says of the configured archive.
func (s *ServerApp) archived() (archive.Status, error) {
	st := archive.Status{Place: s.archive.place}
	_, err := s.State.Get(archive.DocPrefix+st.Place.String(), &st)
	return st, err
}

// foldArchive keeps one document for each place.
func foldArchive(d *state.Docs, r journal.Record) error {
	p, ours, err := archive.PlaceOf(r.Entry)
	if err != nil || !ours {
		return err
	}
	var s archive.Status
	if _, err := d.Get(archive.DocPrefix+p.String(), &s); err != nil {
		return err
	}
	if s, err = s.Apply(r); err != nil {
		return err
	}
	return d.Put(archive.DocPrefix+p.String(), s)
}
