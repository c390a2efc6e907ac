package web

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/greenlang/fournines/internal/edge/config"
	"github.com/greenlang/fournines/internal/edge/decide"
	"github.com/greenlang/fournines/internal/edge/event"
	"github.com/greenlang/fournines/internal/edge/hop"
	look "github.com/greenlang/fournines/internal/probe/outcome"
)

// maxIdle is the number of unused connections kept to one target.
const maxIdle = 1024

// target is one process behind a service with all that is known of it.
type target struct {
	name, zone, address string
	servedBy            []string // the value of X-Served-By, shared by all answers
	pool                *hop.Client
	events              func(event.Event)
	service             string
	remote              string // the region whose edge it is; empty: a process of this region

	drain      atomic.Bool
	weight     atomic.Int32
	healthPath atomic.Pointer[string]
	version    atomic.Pointer[string] // the last X-Version it sent
	inflight   atomic.Int64

	// calm is the breaker's generation while it is closed without a failure and
	// the probes say up; 0 otherwise. It keeps the lock off the usual request.
	calm    atomic.Uint64
	mu      sync.Mutex
	breaker *decide.Breaker
	health  *decide.Health
	blind   string    // why the edge itself could not look the last time
	back    time.Time // when it last came back; zero: it was never away

	kick chan struct{} // asks the prober for a probe now
	stop context.CancelFunc
	done chan struct{}
}

func newTarget(s config.HTTPService, c config.Target, p policy, now time.Time, events func(event.Event)) *target {
	t := &target{
		name: c.Name, zone: c.Zone, address: c.Address, service: s.Name, remote: s.Remote,
		servedBy: []string{c.Name},
		pool:     hop.NewClient(c.Address, p.connect, maxIdle),
		events:   events,
		breaker:  decide.NewBreaker(p.failures, p.cooldown, now),
		health:   decide.NewHealth(p.probe, now),
		kick:     make(chan struct{}, 1),
		done:     make(chan struct{}),
	}
	t.version.Store(new(string))
	t.configure(c)
	t.calm.Store(t.breaker.Generation())
	return t
}

func (t *target) configure(c config.Target) {
	t.drain.Store(c.Drain)
	t.weight.Store(int32(max(c.Weight, 1)))
	t.healthPath.Store(&c.HealthPath)
}

// candidate tells the choice what is known of the target.
func (t *target) candidate(p *policy, now time.Time) decide.Candidate {
	c := decide.Candidate{
		Weight:   int(t.weight.Load()) * 100,
		Inflight: int(t.inflight.Load()),
		Drain:    t.drain.Load(),
	}
	if t.calm.Load() != 0 {
		return c
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	up, _ := t.health.Up()
	c.Ejected = !up || !t.breaker.Ready(now)
	c.Cut = t.remote != "" && !up
	c.Weight = decide.Ramp(int(t.weight.Load()), t.back, now, p.slowStart)
	t.settle(p, now)
	return c
}

// admit asks the breaker for a permit.
func (t *target) admit(now time.Time) (decide.Permit, bool) {
	if g := t.calm.Load(); g != 0 {
		return decide.Permit{Generation: g}, true
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	before, _ := t.breaker.State()
	permit, ok := t.breaker.Allow(now)
	t.announce(before, now, "trial request")
	return permit, ok
}

// learn tells the breaker how the request of a permit went.
func (t *target) learn(p *policy, permit decide.Permit, o *outcome, now time.Time) {
	good := o.how == answered && !serverFault(o.status)
	if good && t.calm.Load() == permit.Generation {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.remote != "" && o.how == answered {
		t.note(p, nil, now) // whatever the far edge says, the way to it is open
	}
	before, _ := t.breaker.State()
	switch {
	case o.how == canceled, o.how == local:
		t.breaker.Abandon(permit, now) // it says nothing of the target
	case good:
		t.breaker.Success(permit, now)
		if before == decide.HalfOpen {
			t.back = now
		}
	default:
		t.breaker.Failure(permit, now)
	}
	t.announce(before, now, o.String())
	t.settle(p, now)
	if o.how != canceled && o.how != local && o.how != answered && t.health.Hint(now) {
		t.probeNow()
	}
}

// observe takes the answer of a probe.
func (t *target) observe(p *policy, err error, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.blind = ""
	if look.Local(err) {
		t.blind = err.Error()
		t.health.Blind(now)
		return
	}
	t.note(p, err, now)
}

// note is observe for callers that hold the lock.
func (t *target) note(p *policy, err error, now time.Time) {
	if t.health.Observe(err == nil, now) {
		e := event.Event{At: now, Kind: event.TargetDown, Service: t.service, Subject: t.name}
		if err == nil {
			e.Kind, t.back = event.TargetUp, now
			t.breaker.Recheck(now)
		} else {
			e.Detail = err.Error()
		}
		t.events(e)
	}
	t.settle(p, now)
}

// settle recomputes calm; callers hold the lock.
func (t *target) settle(p *policy, now time.Time) {
	state, _ := t.breaker.State()
	up, _ := t.health.Up()
	ramping := !t.back.IsZero() && now.Sub(t.back) < p.slowStart
	doubted := t.remote != "" && t.health.Doubt() // then an answer to a request is worth noting
	if state == decide.Closed && t.breaker.Consecutive() == 0 && up && !ramping && !doubted {
		t.calm.Store(t.breaker.Generation())
		return
	}
	t.calm.Store(0)
}

// announce reports a change of the breaker; callers hold the lock.
func (t *target) announce(before decide.State, now time.Time, why string) {
	state, _ := t.breaker.State()
	if state == before {
		return
	}
	kinds := [...]event.Kind{decide.Closed: event.BreakerClosed, decide.Open: event.BreakerOpen, decide.HalfOpen: event.BreakerHalfOpen}
	t.events(event.Event{At: now, Kind: kinds[state], Service: t.service, Subject: t.name, Detail: why})
}

func (t *target) probeNow() {
	select {
	case t.kick <- struct{}{}:
	default: // one is already asked for
	}
}

// label returns the version as one shared string, so that counters do not keep
// the heads of answers alive.
func (t *target) label(version string) string {
	if old := t.version.Load(); *old == version {
		return *old
	}
	if len(version) > 64 {
		version = version[:64]
	}
	fresh := string(append([]byte(nil), version...))
	t.version.Store(&fresh)
	return fresh
}
