package web

import "time"

// TargetState is what a service knows of one target.
type TargetState struct {
	Service             string    `json:"service"`
	Name                string    `json:"name"`
	Zone                string    `json:"zone,omitempty"`
	Remote              string    `json:"remote,omitempty"` // the region whose edge it is
	Address             string    `json:"address"`
	Up                  bool      `json:"up"` // by active probes
	UpSince             time.Time `json:"upSince"`
	Breaker             string    `json:"breaker"`
	BreakerSince        time.Time `json:"breakerSince"`
	ConsecutiveFailures int       `json:"consecutiveFailures"`
	Ejected             bool      `json:"ejected"`         // gets nothing unless the pool panics
	Blind               string    `json:"blind,omitempty"` // why the edge itself could not look the last time: it says nothing of the target
	Draining            bool      `json:"draining"`
	Inflight            int64     `json:"inflight"`
	Version             string    `json:"version,omitempty"`
}

// States returns the states of all targets, and whether the pool panics: more
// than half of it would be ejected, so everything serves.
func (s *Service) States() (states []TargetState, panicking bool) {
	now := s.deps.Now()
	for _, t := range s.shape.Load().targets {
		states = append(states, t.state(now))
	}
	return states, s.panicking.Load()
}

func (t *target) state(now time.Time) TargetState {
	t.mu.Lock()
	defer t.mu.Unlock()
	up, upSince := t.health.Up()
	breaker, breakerSince := t.breaker.State()
	return TargetState{
		Service: t.service, Name: t.name, Zone: t.zone, Remote: t.remote, Address: t.address,
		Up: up, UpSince: upSince,
		Breaker: breaker.String(), BreakerSince: breakerSince,
		ConsecutiveFailures: t.breaker.Consecutive(),
		Ejected:             !up || !t.breaker.Ready(now),
		Blind:               t.blind,
		Draining:            t.drain.Load(),
		Inflight:            t.inflight.Load(),
		Version:             *t.version.Load(),
	}
}
