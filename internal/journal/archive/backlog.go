package archive

import (
	"fmt"
	"time"
)

// backlog looks at what waits.
func (a *Archiver) backlog(next uint64) (Backlog, error) {
	_, signed := a.o.Log.Checkpoint()
	b := Backlog{Next: next, Signed: signed, Bytes: a.o.Log.Bytes}
	if b.Waiting() == 0 {
		return b, nil
	}
	if a.at < next {
		a.oldest, a.at = time.Time{}, next
	}
	for a.oldest.IsZero() && a.at < signed {
		records, err := a.o.Log.Read(a.at, 1)
		if err != nil {
			return b, err
		}
		if len(records) == 0 {
			return b, fmt.Errorf("%w: entry %d is signed and not there", errDamaged, a.at)
		}
		if k := records[0].Kind; k == begun.Name || k == stored.Name {
			a.at++
		} else {
			a.oldest = records[0].Time
		}
	}
	b.Oldest = a.oldest
	return b, nil
}

// idle returns how long nothing can be due for its age.
func (a *Archiver) idle(b Backlog, now time.Time) time.Duration {
	if b.Oldest.IsZero() {
		return a.o.Every
	}
	return max(0, min(a.o.Every, b.Oldest.Add(a.o.Limits.Age).Sub(now)))
}
