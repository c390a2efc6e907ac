package replicator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"sync"
	"time"

	"github.com/greenlang/fournines/internal/availability/replica"
	"github.com/greenlang/fournines/internal/driver/s3"
	"github.com/greenlang/fournines/internal/driver/s3/feed"
	"github.com/greenlang/fournines/internal/fact"
)

// named says by which changes either feed names a key that is not done with.
type named struct{ a, b span }

// span is the oldest and the newest of them; zero: there is none.
type span struct{ first, last uint64 }

// ended forgets those that had ended when the feed was read.
func (s span) ended(safe uint64) span {
	if s.last <= safe {
		return span{}
	}
	return span{max(s.first, safe+1), s.last}
}

// told is what one feed said.
type told struct {
	s3.Changed
	replica.Feed
}

// more tells whether there is something after what was read.
func (t told) more(read uint64) uint64 { return t.Feed.Next - 1 - read }

// Round reads what has changed and copies it, and looks again at what a comparison has found. It returns how
// many keys there were.
func (r *Replicator) Round(ctx context.Context) (pending int, err error) {
	r.begin()
	begun := r.Now()
	if err := r.keepMarks(ctx); err != nil {
		r.fail(ctx, err)
		return 0, err
	}
	a, b, err := r.listen(ctx)
	if err == nil {
		err = r.follow(ctx, a, b)
	}
	if err != nil {
		r.fail(ctx, err)
		return 0, err
	}
	r.forgetOwn(a, b)
	keys, suspects := r.work()
	if len(keys) == 0 && !r.course.Fed() {
		return 0, nil
	}
	waiting := int64(len(r.left))
	for _, p := range keys {
		if _, isNamed := r.left[p.key]; isNamed {
			waiting--
		}
	}
	if err := r.readAll(ctx, keys, a, b); err != nil {
		r.fail(ctx, err)
		return len(keys), err
	}
	l, err := r.look(ctx, len(keys), func(ctx context.Context, to chan<- pair) error {
		for _, p := range keys {
			select {
			case to <- p:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	if err != nil {
		for key, failed := range l.failed { // the store has told its changes in this round
			if ctx.Err() == nil && r.settles(key, failed) {
				r.putAside(key, nil, failed)
			}
		}
		r.tellStuck()
		r.fail(ctx, err)
		return len(keys), err
	}
	r.remember(l.known)
	if r.course.Fed() {
		waiting += int64(a.more(r.course.A.Position) + b.more(r.course.B.Position)) //nolint:gosec // counts of changes
		for to, x := range r.links {
			n := *l.counts[to]
			n.objects += waiting + int64(len(r.suspects))
			x.looked(begun, n, r.course.Based && waiting == 0 && len(r.suspects) == 0 && !r.mayLack(l.failed))
		}
		r.report()
	}
	lacking, tried, err := r.copy(ctx, l, suspects, max(copyFor, 3*r.Now().Sub(begun)))
	r.tellStuck()
	r.settled(keys, lacking, tried, suspects, a.Feed.Safe, b.Feed.Safe)
	whole := waiting == 0 && len(r.suspects) == 0 && len(lacking) == 0
	vouched := a.Feed.Slot.Partner == b.Feed.ID && b.Feed.Slot.Partner == a.Feed.ID
	if err == nil && (len(keys) == 0 || !vouched || r.Now().Sub(r.confirmed) >= confirmGap) {
		err = r.confirm(ctx, a, b)
		r.confirmed = r.Now()
	}
	if err != nil {
		r.fail(ctx, err)
		return len(keys), err
	}
	if whole && r.course.Fed() && r.course.Based {
		for _, x := range r.links {
			x.whole(begun)
		}
	}
	r.report()
	return len(l.keys) + len(r.suspects) + int(min(waiting, math.MaxInt32)), nil
}

// keepMarks asks both stores once to tell copies from what clients write.
func (r *Replicator) keepMarks(ctx context.Context) error {
	if r.marked {
		return nil
	}
	for _, e := range []End{r.A, r.B} {
		if err := e.Store.KeepMarks(ctx); err != nil {
			return err
		}
	}
	r.marked = true
	return nil
}

// mayLack tells whether keys failed that are not put aside.
func (r *Replicator) mayLack(failed map[string]error) bool {
	for key := range failed {
		if !r.isStuck(key) {
			return true
		}
	}
	return false
}

// listen reads both feeds, and begins those that nobody has begun.
func (r *Replicator) listen(ctx context.Context) (a, b told, err error) {
	for range 2 {
		a, b, err = both(func() (told, error) { return r.tell(ctx, r.A, r.course.A) }, func() (told, error) { return r.tell(ctx, r.B, r.course.B) })
		if err != nil || !a.Kept || !b.Kept || (a.Page.ID != "" && b.Page.ID != "") {
			return a, b, err
		}
		for e, t := range map[End]told{r.A: a, r.B: b} {
			if t.Page.ID == "" {
				if err := e.Store.Confirm(ctx, feed.Confirmation{}); err != nil {
					return a, b, err
				}
				r.at("feed begun")
			}
		}
	}
	return a, b, fmt.Errorf("the change feeds of %s and %s do not last", r.A.Region, r.B.Region)
}

// tell reads one feed. An endpoint that has none is compared whole.
func (r *Replicator) tell(ctx context.Context, e End, c replica.Cursor) (told, error) {
	p, err := e.Store.Changes(ctx, c.Unread())
	switch {
	case errors.Is(err, s3.ErrNotFound) || errors.Is(err, s3.ErrDenied):
		return told{Feed: replica.Feed{Region: e.Region}}, nil
	case err != nil:
		return told{}, err
	}
	f := replica.Feed{Region: e.Region, Kept: true, ID: p.ID, First: p.First, Next: p.Next, Safe: p.Safe}
	if len(p.Slot.Token) > 0 && json.Unmarshal(p.Slot.Token, &f.Slot) != nil {
		f.Slot = replica.Slot{} // what nobody can read vouches for nothing
	}
	f.Slot.Position = p.Slot.Position
	return told{p, f}, nil
}

// follow takes what the feeds say. Where a feed does not continue, nothing known counts any more, and the
// stored positions are reset first: after a restart the feeds must not count as read.
func (r *Replicator) follow(ctx context.Context, a, b told) error {
	was := r.course
	next := was.On(a.Feed, b.Feed)
	if next.Why != was.Why {
		for _, l := range r.links {
			l.because(next.Why)
		}
	}
	if next.Turn == was.Turn {
		r.course = next
		if next.Fed() && len(r.left) < most {
			r.course.A.Position = r.name(a, next.A.Position, func(n *named) *span { return &n.a })
			r.course.B.Position = r.name(b, next.B.Position, func(n *named) *span { return &n.b })
		}
		r.fed.Store(next.Fed())
		return nil
	}
	if next.Fed() {
		for e, t := range map[End]told{r.A: a, r.B: b} {
			if t.Feed.Slot.Partner == "" && t.Feed.Slot.Position == t.Feed.Safe {
				continue
			}
			if err := e.Store.Confirm(ctx, feed.Confirmation{ID: t.Page.ID, Slot: feed.Slot{Position: t.Feed.Safe}}); err != nil {
				return err
			}
			r.at("position given up")
		}
	}
	r.course, r.left, r.suspects, r.checking = next, map[string]named{}, nil, nil
	r.wrote = newWrote(r.A.Region, r.B.Region)
	r.fed.Store(next.Fed())
	return nil
}

// name takes the keys that one feed has named after a position, and returns up to where.
func (r *Replicator) name(t told, read uint64, side func(*named) *span) uint64 {
	for _, c := range t.Changes {
		if c.Seq != read+1 { // read from another position than the course has
			break
		}
		read = c.Seq
		n := r.left[string(c.Key)]
		s := side(&n)
		if s.last = c.Seq; s.first == 0 {
			s.first = c.Seq
		}
		r.left[string(c.Key)] = n
	}
	return read
}

// readAll reads the keys that are to be read with one request to each store, but for what the feeds have told with their changes.
func (r *Replicator) readAll(ctx context.Context, keys []pair, a, b told) error {
	if !r.course.Fed() {
		return nil
	}
	read := func(e End, t told) (map[string]fact.ObjectHistory, error) {
		var ask []string
		for _, p := range keys {
			if _, known := t.Histories[p.key]; p.unread && !known {
				ask = append(ask, p.key)
			}
		}
		return e.Store.HistoriesOf(ctx, ask)
	}
	type histories = map[string]fact.ObjectHistory
	ofA, ofB, err := both(func() (histories, error) { return read(r.A, a) }, func() (histories, error) { return read(r.B, b) })
	if err != nil {
		return err
	}
	of := func(t told, asked map[string]fact.ObjectHistory, key string) (h fact.ObjectHistory, known bool) {
		if h, known = asked[key]; !known {
			h, known = t.Histories[key]
		}
		return h, known
	}
	for i, p := range keys {
		inA, knownA := of(a, ofA, p.key)
		inB, knownB := of(b, ofB, p.key)
		if p.unread && knownA && knownB {
			keys[i] = pair{key: p.key, whole: true, a: inA, b: inB}
		}
	}
	return nil
}

// both asks two things at once.
func both[T any](a, b func() (T, error)) (ofA, ofB T, err error) {
	var failedA error
	var wg sync.WaitGroup
	wg.Go(func() { ofA, failedA = a() })
	ofB, err = b()
	wg.Wait()
	return ofA, ofB, errors.Join(failedA, err)
}

// work returns the keys of a round: first those that the feeds have named, then those that a comparison
// has found, and those that are put aside and due.
func (r *Replicator) work() (keys []pair, suspects map[string]pair) {
	suspects = map[string]pair{}
	for key := range r.left { // in any order, so that none is kept waiting by others for ever
		if len(keys) == batch {
			return keys, suspects
		}
		keys = append(keys, pair{key: key, unread: true})
	}
	for len(r.suspects) > 0 && len(keys) < batch {
		p := r.suspects[0]
		r.suspects = r.suspects[1:]
		if _, already := r.left[p.key]; already {
			continue
		}
		suspects[p.key] = p
		p.unread = r.course.Fed() // it may have been copied meanwhile
		keys = append(keys, p)
	}
	for _, key := range r.due() {
		_, isNamed := r.left[key]
		if _, isSuspect := suspects[key]; !isNamed && !isSuspect {
			keys = append(keys, pair{key: key, unread: true})
		}
	}
	return keys, suspects
}

func (r *Replicator) remember(k known) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for region, versions := range k {
		maps.Copy(r.known[region], versions)
	}
}

// drifted counts what a comparison has found missing though no feed has named it since.
func (r *Replicator) drifted(found, still pair) {
	before, _ := r.plan(found)
	now, _ := r.plan(still)
	for _, c := range replica.Drift(before, now) {
		r.links[c.To].drifted()
	}
}

// copy settles what a look has found, as far as the time allows. It returns which keys lack something still, as far as anybody knows, and
// which were tried. What cannot be copied is put aside: it lacks nothing here, and is no error.
func (r *Replicator) copy(ctx context.Context, l look, suspects map[string]pair, within time.Duration) (lacking, tried map[string]bool, err error) {
	lacking, tried = map[string]bool{}, map[string]bool{}
	fails := func(key string, copies []replica.Copy, failed error) {
		switch {
		case r.settles(key, failed):
			delete(lacking, key)
			r.putAside(key, copies, failed)
		case err == nil:
			err = failed
		}
		r.marked = r.marked && !errors.Is(failed, s3.ErrUnmarked)
	}
	for key, failed := range l.failed {
		lacking[key], tried[key] = true, true
		fails(key, nil, failed)
	}
	for _, p := range l.keys {
		lacking[p.key] = true
	}
	if len(l.keys) == 0 {
		return lacking, tried, err
	}
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		r.reportUntil(done)
	}()
	each(ctx, l.keys, within, r.settle, func(p pair, agreed bool, failed error) {
		tried[p.key] = true
		switch {
		case ctx.Err() != nil:
		case failed != nil:
			copies, _ := r.plan(p)
			fails(p.key, copies, failed)
		case agreed:
			delete(lacking, p.key)
			r.freed(p.key)
			if found, ok := suspects[p.key]; ok && r.course.Based {
				r.drifted(found, p)
			}
		case r.busy(p.key):
			copies, _ := r.plan(p)
			fails(p.key, copies, errBusy)
		}
	})
	close(done)
	<-ended
	if err == nil {
		err = ctx.Err()
	}
	return lacking, tried, err
}

// settled forgets what is done with. A change that was still under way when the feed was read is looked at once more, and what
// there was no time for waits.
func (r *Replicator) settled(keys []pair, lacking, tried map[string]bool, suspects map[string]pair, safeA, safeB uint64) {
	for _, p := range keys {
		n, isNamed := r.left[p.key]
		found, isSuspect := suspects[p.key]
		if _, failed := r.trials[p.key]; !lacking[p.key] && !tried[p.key] && (failed || r.isStuck(p.key)) { // it lacks nothing any more
			r.freed(p.key)
			r.tellStuck()
		}
		switch {
		case !lacking[p.key] && isNamed:
			if n = (named{n.a.ended(safeA), n.b.ended(safeB)}); n == (named{}) {
				delete(r.left, p.key)
			} else {
				r.left[p.key] = n
			}
		case !lacking[p.key], isNamed:
		case isSuspect && !tried[p.key]:
			r.suspects = append(r.suspects, found)
		case r.course.Fed():
			r.left[p.key] = named{}
		default:
			r.checking.cut = true // only another comparison finds it again
		}
	}
	if r.checking != nil && len(r.suspects) == 0 {
		r.checked()
	}
}

// confirm tells the feeds up to where they are done with. It waits while something is known that no feed names.
func (r *Replicator) confirm(ctx context.Context, a, b told) error {
	if !r.course.Fed() {
		return nil
	}
	upA, upB := r.course.A.Position, r.course.B.Position
	for _, n := range r.left {
		if n == (named{}) {
			return nil
		}
		if n.a.first > 0 {
			upA = min(upA, n.a.first-1)
		}
		if n.b.first > 0 {
			upB = min(upB, n.b.first-1)
		}
	}
	return errors.Join(r.confirmOne(ctx, r.A, a, b, upA), r.confirmOne(ctx, r.B, b, a, upB))
}

func (r *Replicator) confirmOne(ctx context.Context, e End, t, other told, up uint64) error {
	s := replica.Slot{Position: max(up, t.Feed.Slot.Position)}
	vouches := r.course.Based && !r.anyStuck() // who starts anew finds it again
	if vouches {
		s.Partner, s.Seen = other.Feed.ID, other.Feed.Next
	}
	if s.Position == t.Feed.Slot.Position && s.Partner == t.Feed.Slot.Partner {
		return nil
	}
	token := []byte(nil)
	if vouches {
		var err error
		if token, err = json.Marshal(s); err != nil {
			return fmt.Errorf("render position in the change feed of %s: %w", e.Region, err)
		}
	}
	r.at("before confirmation")
	if err := e.Store.Confirm(ctx, feed.Confirmation{ID: t.Page.ID, Slot: feed.Slot{Position: s.Position, Token: token}}); err != nil {
		if errors.Is(err, s3.ErrExists) { // another feed by now, or somebody else has read on: the next round sees it
			return nil
		}
		return err
	}
	r.at("confirmed")
	return nil
}
