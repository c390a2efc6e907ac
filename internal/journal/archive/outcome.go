package archive

import (
	"context"
	"time"

	"github.com/greenlang/fournines/internal/journal"
)

// done records that a part is stored, and that a failure is over.
func (a *Archiver) done(ctx context.Context, s Status, v Stored) error {
	entries := make([]journal.Entry, 0, 2)
	e, err := entry(stored, v.Place.Bucket, PartKey(v.First, v.Next), v)
	if err != nil {
		return err
	}
	entries = append(entries, e)
	if s.Failed != nil {
		e, err := entry(resumed, v.Place.Bucket, "", Resumed{v.Place, s.FailedIn, a.o.Now().Sub(s.Failed.Since).Seconds()})
		if err != nil {
			return err
		}
		entries = append(entries, e)
	}
	if _, err := a.o.Record.Append(ctx, entries...); err != nil {
		return err
	}
	if s.Failed != nil {
		a.o.Logger.Info("the archive is written again", "place", v.Place.String(), "archived", v.Next)
	}
	a.trouble.over()
	return nil
}

// failed says once that the archive cannot be written, and returns when to try again.
func (a *Archiver) failed(ctx context.Context, err error) time.Duration {
	now := a.o.Now()
	wait, alarm := a.trouble.failed(err, now, a.o.AlarmAfter, a.o.Chance())
	s, serr := a.o.Status()
	if !alarm || serr != nil || s.Failed != nil {
		return wait
	}
	word, _ := class(err)
	a.o.Logger.Error("the archive cannot be written; entries wait in the log, and it tries again", "place", a.o.Place.String(), "archived", s.Next, "err", err)
	f := Failed{Place: a.o.Place, Since: a.trouble.since, Kind: word, Error: short(err), Next: s.Next}
	if err := record(ctx, a.o.Record, failed, a.o.Place.Bucket, "", f); err != nil && ctx.Err() == nil {
		a.o.Logger.Error("the archive's failure could not be recorded", "err", err)
	}
	return wait
}

// short bounds what an entry quotes.
func short(err error) string {
	text := []rune(err.Error())
	return string(text[:min(len(text), 2000)])
}

func entry[T any](k journal.KindOf[T], subject, operation string, v T) (journal.Entry, error) {
	e, err := k.Entry(subject, operation, v)
	e.Actor = "system"
	return e, err
}

func record[T any](ctx context.Context, r Recorder, k journal.KindOf[T], subject, operation string, v T) error {
	e, err := entry(k, subject, operation, v)
	if err == nil {
		_, err = r.Append(ctx, e)
	}
	return err
}

// wholeSecond rounds up: stores keep whole seconds.
func wholeSecond(t time.Time) time.Time {
	u := t.UTC().Truncate(time.Second)
	if u.Before(t) {
		u = u.Add(time.Second)
	}
	return u
}
