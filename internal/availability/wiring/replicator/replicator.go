// Package replicator keeps two regions' buckets equal, in both directions at once (row 7.1.7): it finds the
// keys that differ, plans with package replica, copies, and reads back what came of it.
//
// It learns the differences from the stores' change feeds, so that the cost of a round follows from the
// changes and not from the number of keys. In the background it regularly compares everything, which finds
// changes that no feed has named. Without a feed that continues from where it was read to, it can only
// compare everything.
//
// It remembers nothing that it cannot read again, so it may be killed at any moment: the position up to which
// a feed is processed is stored beside the feed, and advances only when the copies are proved. A copy
// replaces only the version that was read; if a client was faster, the key is planned again. A key counts as
// copied only once the other store was asked what clients get there now: so neither a wrong answer nor a late
// request can leave an old version on top.
//
// A key that cannot be copied is put aside and named, and stops nothing else.
package replicator

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/greenlang/fournines/internal/availability/replica"
	"github.com/greenlang/fournines/internal/driver/s3"
	"github.com/greenlang/fournines/internal/fact"
)

// End is one region's bucket.
type End struct {
	Region string
	Store  *s3.Store
}

// Replicator works on one pair of regions.
type Replicator struct {
	A, B     End
	Every    time.Duration                                 // between two rounds, at least
	Scrub    time.Duration                                 // between two comparisons of everything while feeds tell what changes, at least
	Report   func(fact.ObjectMirror)                       // of either direction, when something is known anew
	Conflict func(context.Context, replica.Conflict) error // makes it durable before the loser is covered; it may be told of one twice
	Now      func() time.Time
	At       func(point string) // called around each effect; nil but in tests

	links     map[string]*link // by the region that they go to
	course    replica.Course
	left      map[string]named // keys that a feed has named, or a comparison found, and that are not done with
	suspects  []pair           // that a comparison found and nobody has looked at again
	checking  *comparison      // whose suspects these are
	confirmed time.Time        // when the feeds were told up to where they are done with
	trials    map[string]trial // keys that failed and are not put aside
	marked    bool             // both stores keep marks of copies
	compared  time.Time        // when the newest comparison ended, or the work began
	took      time.Duration    // by it

	fed   atomic.Bool // the course's; known to a comparison that runs beside rounds
	mu    sync.Mutex  // guards what follows
	known known
	stuck map[string]stuck
	wrote map[string]map[string]wrote // by region and key, what was copied there and no feed has named since; between copies it is the round's alone
}

const (
	workers    = 16      // keys at once
	batch      = 256     // keys of one round
	most       = 1 << 16 // keys that wait, before feeds are read on
	findings   = 1 << 16 // keys that one comparison may hand over
	replans    = 4       // of a key that a client is writing to, before the others go first
	reportGap  = 250 * time.Millisecond
	confirmGap = 2 * time.Second // while there is work: it replaces two files, and after a restart a few more keys are looked at
	copyFor    = 5 * time.Second // before changes are looked for anew, or three times what that took
)

// Run copies until ctx ends. Failures are in the reports, and are retried.
func (r *Replicator) Run(ctx context.Context) {
	r.begin()
	ended := make(chan comparison, 1)
	running := false
	for ctx.Err() == nil {
		pending, err := r.Round(ctx)
		if !running && r.checking == nil && r.course.Compare(r.compared, r.Now(), r.took, r.Scrub) {
			running = true
			go func(turn int) { ended <- r.compare(ctx, turn) }(r.course.Turn)
		}
		nap := r.Every
		if err == nil && pending > 0 { // clients are at work
			nap /= 4
		}
		select {
		case <-ctx.Done():
		case <-time.After(nap):
		case c := <-ended:
			running = false
			r.take(ctx, c)
		}
	}
	if running {
		<-ended
	}
}

// Pass compares everything once, independent of the feeds, and copies what is missing. It returns how
// many keys were found behind.
func (r *Replicator) Pass(ctx context.Context) (pending int, err error) {
	if _, err := r.Round(ctx); err != nil {
		return 0, err
	}
	c := r.compare(ctx, r.course.Turn)
	r.take(ctx, c)
	if c.err != nil {
		return 0, c.err
	}
	for again := true; again; again = len(r.suspects) > 0 { // what is put aside waits
		if _, err := r.Round(ctx); err != nil {
			return len(c.keys), err
		}
	}
	return len(c.keys), nil
}

func (r *Replicator) begin() {
	if r.links == nil {
		r.links = map[string]*link{r.A.Region: newLink(r.B.Region, r.A.Region), r.B.Region: newLink(r.A.Region, r.B.Region)}
		r.left, r.known, r.compared = map[string]named{}, newKnown(r.A.Region, r.B.Region), r.Now()
		r.wrote = newWrote(r.A.Region, r.B.Region)
		r.stuck, r.trials = map[string]stuck{}, map[string]trial{}
	}
}

func (r *Replicator) report() {
	for _, l := range r.links {
		r.Report(l.fact())
	}
}

// reportUntil reports from time to time while copies go on.
func (r *Replicator) reportUntil(done <-chan struct{}) {
	t := time.NewTicker(reportGap)
	defer t.Stop()
	for {
		select {
		case <-done:
			return
		case <-t.C:
			r.report()
		}
	}
}

func (r *Replicator) fail(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	for _, l := range r.links {
		l.failed(err)
	}
	r.report()
}

// take keeps the outcome of a comparison: the next rounds look at its findings again.
func (r *Replicator) take(ctx context.Context, c comparison) {
	r.compared, r.took = r.Now(), c.took
	switch {
	case c.err != nil:
		r.fail(ctx, c.err)
		return
	case c.turn != r.course.Turn: // what it rests on is gone
		return
	}
	for key, err := range c.failed {
		if r.settles(key, err) {
			r.putAside(key, nil, err)
		} else {
			c.cut = true // only another comparison finds it again
		}
	}
	r.tellStuck()
	if !r.course.Based {
		for to, l := range r.links {
			l.looked(c.begun, *c.counts[to], !r.course.Fed())
		}
		r.report()
	}
	r.suspects, r.checking = c.keys, &c
	if len(c.keys) == 0 {
		r.checked()
	}
}

// checked ends a comparison of which nothing is left to be looked at.
func (r *Replicator) checked() {
	c := *r.checking
	r.checking = nil
	if c.cut {
		return
	}
	r.course = r.course.Compared(c.turn)
	for _, l := range r.links {
		l.scrubbed(c.begun, r.course.Why, !r.course.Fed())
	}
	r.report()
}
