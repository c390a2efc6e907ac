package drill

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Writer is what the load writes to, the way customers do.
type Writer interface {
	// Write returns nil when the platform has acknowledged the write of that key.
	Write(ctx context.Context, key string) error
	// Count returns how often each key is there now; keys that are not there are absent.
	Count(ctx context.Context, keys []string) (map[string]int, error)
}

// Load writes at a steady pace and keeps what was acknowledged.
type Load struct {
	Writer Writer
	Prefix string        // of the keys
	Every  time.Duration // between two writes of one worker
	Limit  time.Duration // longest wait for one acknowledgement
	Worker int           // number of workers

	mu     sync.Mutex // guards what follows
	acks   []ack
	failed int
	grown  chan struct{}

	stop context.CancelFunc
	wg   sync.WaitGroup
}

type ack struct {
	key string
	at  time.Time
}

// Start begins writing, until Stop.
func (l *Load) Start(ctx context.Context) {
	l.grown = make(chan struct{})
	ctx, l.stop = context.WithCancel(ctx)
	for w := range l.Worker {
		l.wg.Go(func() { l.work(ctx, w) })
	}
}

// Stop ends the load and waits for what is under way.
func (l *Load) Stop() {
	l.stop()
	l.wg.Wait()
}

func (l *Load) work(ctx context.Context, worker int) {
	t := time.NewTicker(l.Every)
	defer t.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		if ctx.Err() != nil { // a late worker finds both: after the end nothing begins
			return
		}
		key := fmt.Sprintf("%s-%d-%d", l.Prefix, worker, n)
		one, cancel := context.WithTimeout(context.WithoutCancel(ctx), l.Limit) // what is under way at the end is waited for
		err := l.Writer.Write(one, key)
		cancel()
		l.note(key, err)
	}
}

func (l *Load) note(key string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		l.failed++
		return
	}
	l.acks = append(l.acks, ack{key, time.Now()})
	close(l.grown)
	l.grown = make(chan struct{})
}

// Acknowledged returns how many writes were acknowledged, and how many failed.
func (l *Load) Acknowledged() (acknowledged, failed int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.acks), l.failed
}

// Await returns once n more writes have been acknowledged after t.
func (l *Load) Await(ctx context.Context, n int, t time.Time) error {
	for {
		l.mu.Lock()
		later := 0
		for i := len(l.acks) - 1; i >= 0 && l.acks[i].at.After(t); i-- {
			later++
		}
		grown := l.grown
		l.mu.Unlock()
		if later >= n {
			return nil
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return fmt.Errorf("only %d of %d writes were acknowledged: %w", later, n, ctx.Err())
		}
	}
}

// Gap returns the longest time without any acknowledgement after t, and when it ended.
func (l *Load) Gap(t time.Time) (gap time.Duration, until time.Time) {
	l.mu.Lock()
	times := make([]time.Time, 0, len(l.acks))
	for _, a := range l.acks {
		times = append(times, a.at)
	}
	l.mu.Unlock()
	return longestGap(times, t)
}

// interruption is the shortest time without any acknowledgement that interrupts a service: shorter ones are
// there without any fault, on a busy machine at any time.
const interruption = time.Second

// Recovered returns the longest time without any acknowledgement after t, and after which time from t it was over; zero
// where nothing was interrupted.
func (l *Load) Recovered(t time.Time) (gap, after time.Duration) {
	gap, until := l.Gap(t)
	if gap < interruption {
		return gap, 0
	}
	return gap, until.Sub(t)
}

// longestGap looks at the gaps that end after t; the one t falls into begins before it.
func longestGap(times []time.Time, t time.Time) (gap time.Duration, until time.Time) {
	slices.SortFunc(times, time.Time.Compare)
	last := t
	for _, at := range times {
		if at.Before(t) {
			last = at
			continue
		}
		if d := at.Sub(last); d > gap {
			gap, until = d, at
		}
		last = at
	}
	return gap, until
}

// Loss is what acknowledged writes were lost at once, as when a region dies.
type Loss struct {
	Moment time.Time     // it happened: the newest of them was acknowledged, or the fault began if that was later
	Age    time.Duration // the recovery point: from the oldest of them until then
	Most   int           // writes, lost or not, that were acknowledged within a window before it
}

// Loss looks at lost writes. A dying member may acknowledge a few more writes after the fault was requested:
// those count as well.
func (l *Load) Loss(lost []string, fault time.Time, window time.Duration) Loss {
	gone := map[string]bool{}
	for _, k := range lost {
		gone[k] = true
	}
	out := Loss{Moment: fault}
	first := time.Time{}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, a := range l.acks {
		if !gone[a.key] {
			continue
		}
		if first.IsZero() || a.at.Before(first) {
			first = a.at
		}
		if a.at.After(out.Moment) {
			out.Moment = a.at
		}
	}
	if !first.IsZero() {
		out.Age = out.Moment.Sub(first)
	}
	for _, a := range l.acks {
		if !a.at.Before(out.Moment.Add(-window)) && !a.at.After(out.Moment) {
			out.Most++
		}
	}
	return out
}

// pageKeys is the most keys one question may have.
const pageKeys = 100

// Check asks the platform for every acknowledged write. Lost ones are not there,
// doubled ones are there more than once.
func (l *Load) Check(ctx context.Context) (lost, doubled []string, err error) {
	l.mu.Lock()
	keys := make([]string, 0, len(l.acks))
	for _, a := range l.acks {
		keys = append(keys, a.key)
	}
	l.mu.Unlock()
	for page := range slices.Chunk(keys, pageKeys) {
		counts, err := l.Writer.Count(ctx, page)
		if err != nil {
			return nil, nil, fmt.Errorf("look %d acknowledged writes up: %w", len(page), err)
		}
		for _, k := range page {
			switch n := counts[k]; {
			case n == 0:
				lost = append(lost, k)
			case n > 1:
				doubled = append(doubled, k)
			}
		}
	}
	return lost, doubled, nil
}
