package relay

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/greenlang/fournines/internal/edge/config"
	"github.com/greenlang/fournines/internal/edge/decide"
)

// asker asks one member, or its witness, who leads.
type asker interface {
	ask(ctx context.Context) answer
	close()
}

// follower keeps asking all members and knows the leader.
type follower struct {
	spec    config.TCPService
	now     func() time.Time
	rand    func() uint64
	changed func(from, to string, term uint64) // called without the lock held
	saw     func(err error)                    // told why nothing was learned

	mu       sync.Mutex
	lead     decide.Leadership
	names    []string
	address  []string
	answers  []answer
	suspect  time.Time // until then a failed connection makes it unsure
	since    time.Time // the leader has been the leader
	kicks    []chan struct{}
	stop     context.CancelFunc
	stopped  sync.WaitGroup
	timeouts time.Duration
}

var errUnasked = errors.New("it has not been asked yet")

func newFollower(spec config.TCPService, deps Deps, changed func(from, to string, term uint64)) *follower {
	f := &follower{spec: spec, now: deps.Now, rand: deps.Rand, changed: changed, saw: deps.Descriptors.Saw, timeouts: spec.Policy.PollTimeout.Or(time.Second)}
	for _, m := range spec.Members {
		f.names = append(f.names, m.Name)
		f.address = append(f.address, m.Address)
		f.answers = append(f.answers, answer{err: errUnasked})
		f.kicks = append(f.kicks, make(chan struct{}, 1))
	}
	return f
}

// start begins to ask; each member has its own goroutine, so that one that
// hangs delays no other.
func (f *follower) start() {
	ctx, cancel := context.WithCancel(context.Background())
	f.stop = cancel
	for i, m := range f.spec.Members {
		var a asker = newPatroni(m.Witness)
		if f.spec.Protocol == config.Redis {
			a = &sentinel{node: m.Address, witness: m.Witness, master: f.spec.Master, passwordFile: f.spec.PasswordFile}
		}
		f.stopped.Go(func() { f.follow(ctx, i, a) })
	}
}

func (f *follower) close() {
	f.stop()
	f.stopped.Wait()
}

func (f *follower) follow(ctx context.Context, i int, a asker) {
	defer a.close()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-f.kicks[i]:
		}
		bounded, cancel := context.WithTimeout(ctx, f.timeouts)
		got := a.ask(bounded)
		cancel()
		if ctx.Err() != nil {
			return
		}
		f.saw(errors.Join(got.err, got.voteErr))
		timer.Reset(f.take(i, got))
	}
}

// take considers an answer and returns the wait before the next question.
func (f *follower) take(i int, got answer) time.Duration {
	now := f.now()
	f.mu.Lock()
	f.answers[i] = got.over(f.answers[i])
	from, to, term, changed := f.consider(now)
	unsure := doubtful(f.claims(), f.answers, to, f.suspect, now)
	f.mu.Unlock()
	if changed {
		f.changed(from, to, term)
	}
	return decide.Poll(unsure, float64(f.rand()>>11)/(1<<53))
}

// consider is called with the lock held.
func (f *follower) consider(now time.Time) (from, to string, term uint64, changed bool) {
	from, _ = f.lead.Leader()
	changed = f.lead.Consider(f.claims())
	to, term = f.lead.Leader()
	if changed {
		f.since = now
	}
	return from, to, term, changed
}

func (f *follower) claims() []decide.Claim {
	leader, term := f.lead.Leader()
	return gather(f.names, f.address, f.answers, f.spec.Protocol == config.Redis, leader, term)
}

// leader returns the present leader; "" when there is none.
func (f *follower) leader() (name, address string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	name, _ = f.lead.Leader()
	for i, n := range f.names {
		if n == name {
			return name, f.address[i]
		}
	}
	return "", ""
}

// doubt asks all members at once, because a connection has failed.
func (f *follower) doubt() {
	f.mu.Lock()
	f.suspect = f.now().Add(3 * time.Second)
	f.mu.Unlock()
	for _, kick := range f.kicks {
		select {
		case kick <- struct{}{}:
		default: // already asked for
		}
	}
}

// fence refuses a member until it leads with a higher term; lift ends that. It
// says whether the member led, and who does now.
func (f *follower) fence(member string) (led bool, to string, term uint64) {
	f.mu.Lock()
	leader, _ := f.lead.Leader()
	f.lead.Fence(member)
	if led = leader == member; led {
		f.since = f.now()
		_, to, term, _ = f.consider(f.since)
	}
	f.mu.Unlock()
	f.doubt()
	return led, to, term
}

func (f *follower) lift(member string) {
	f.mu.Lock()
	f.lead.Lift(member)
	f.mu.Unlock()
	f.doubt()
}
