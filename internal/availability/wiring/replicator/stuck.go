package replicator

import (
	"errors"
	"slices"
	"time"

	"github.com/greenlang/fournines/internal/availability/replica"
	"github.com/greenlang/fournines/internal/driver/s3"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/probe/outcome"
)

// stuck is a key that cannot be copied. It is put aside, named and tried again from time to time, so that it stops nothing
// else. Nobody remembers it across a restart: as long as there is one, no feed is said to be dealt with, and who starts
// anew compares everything.
type stuck struct {
	why     string
	since   time.Time // when the oldest write that is missing had been made, as far as that is known
	to      []string  // regions that lack it
	next    time.Time // when it is tried again
	patient time.Duration
}

const (
	patientFirst = 2 * time.Second // before a stuck key is tried again; doubled each time
	patientMost  = 2 * time.Minute
	retried      = 64               // stuck keys of one round
	longestWhy   = 400              // bytes
	silentRounds = 3                // in which a store does not answer for a key, and does otherwise
	busyFor      = 30 * time.Second // that clients may keep a key from being copied
)

// trial is what is known of a key that failed and is not put aside yet.
type trial struct {
	silent int
	since  time.Time // when clients were faster first; zero: they were not
}

// settles tells whether a failure is the key's own: false while it may be the store's, and of one that arose in this process,
// which lacks room, descriptors or a connection of its own for every key.
func (r *Replicator) settles(key string, err error) bool {
	t := r.trials[key]
	defer func() { r.trials[key] = t }()
	switch {
	case outcome.Local(err) || errors.Is(err, s3.ErrUnmarked):
		return false
	case errors.Is(err, s3.ErrUnavailable):
		t.silent++
		return t.silent >= silentRounds
	}
	return true
}

var errBusy = errors.New("clients write to it all the time")

// busy tells whether clients have kept a key from being copied for too long.
func (r *Replicator) busy(key string) bool {
	t := r.trials[key]
	if t.since.IsZero() {
		t.since = r.Now()
		r.trials[key] = t
	}
	return r.Now().Sub(t.since) >= busyFor
}

// putAside names a key that cannot be copied; copies are those that are missing, as far as they are known.
func (r *Replicator) putAside(key string, copies []replica.Copy, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.Now()
	s, known := r.stuck[key]
	if !known {
		s = stuck{since: now, patient: patientFirst / 2}
	}
	s.patient = min(2*s.patient, patientMost)
	s.why, s.next, s.to = s3.Brief(err), now.Add(s.patient), nil
	s.why = s.why[:min(len(s.why), longestWhy)]
	for _, c := range copies {
		if !slices.Contains(s.to, c.To) {
			s.to = append(s.to, c.To)
		}
		if at := c.Origin.Time.Time(); at.Before(s.since) {
			s.since = at
		}
	}
	if len(s.to) == 0 {
		s.to = []string{r.A.Region, r.B.Region}
	}
	r.stuck[key] = s
}

// freed forgets that a key failed.
func (r *Replicator) freed(key string) {
	delete(r.trials, key)
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.stuck, key)
}

func (r *Replicator) isStuck(key string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, yes := r.stuck[key]
	return yes
}

func (r *Replicator) anyStuck() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.stuck) > 0
}

// due returns stuck keys that are to be tried again.
func (r *Replicator) due() (out []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for key, s := range r.stuck {
		if len(out) < retried && !s.next.After(r.Now()) {
			out = append(out, key)
		}
	}
	return out
}

// tellStuck hands the names over to what is reported.
func (r *Replicator) tellStuck() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for to, l := range r.links {
		var all []fact.ObjectStuck
		for key, s := range r.stuck {
			if slices.Contains(s.to, to) {
				all = append(all, fact.ObjectStuck{Key: key, Why: s.why, Since: s.since})
			}
		}
		slices.SortFunc(all, fact.ObjectStuck.Compare)
		l.stuck(all)
	}
}
