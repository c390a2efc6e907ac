// Package event is the record of what the edge noticed and did by itself: a
// breaker that opened, a target that went down, a leader that changed, sessions
// that were cut. Each event has a sequence number, so that a reader who was
// away can go on where it stopped and journal every one of them.
//
// It never decides anything and drops the oldest events beyond its bound.
package event

import (
	"sync"
	"time"
)

// Kind names what happened.
type Kind string

// The kinds of events.
const (
	BreakerOpen     Kind = "breaker-open"
	BreakerHalfOpen Kind = "breaker-half-open"
	BreakerClosed   Kind = "breaker-closed"
	TargetDown      Kind = "target-down"
	TargetUp        Kind = "target-up"
	PanicBegan      Kind = "panic-began"
	PanicEnded      Kind = "panic-ended"
	LeaderChanged   Kind = "leader-changed"
	LeaderLost      Kind = "leader-lost"
	SessionsCut     Kind = "sessions-cut"
	SessionsRefused Kind = "sessions-refused"
	Fenced          Kind = "member-fenced"
	FenceLifted     Kind = "fence-lifted"
	HoldBegan       Kind = "hold-began"
	HoldEnded       Kind = "hold-ended"
	ConfigApplied   Kind = "config-applied"
	RegionDown      Kind = "region-down"
	RegionUp        Kind = "region-up"

	CertificateLoaded  Kind = "certificate-loaded"
	CertificateRefused Kind = "certificate-refused"
)

// Event is one thing that happened.
type Event struct {
	Seq     uint64    `json:"seq"` // set by the log; grows by one
	At      time.Time `json:"at"`
	Kind    Kind      `json:"kind"`
	Service string    `json:"service,omitempty"`
	Subject string    `json:"subject,omitempty"` // the target or member
	Detail  string    `json:"detail,omitempty"`  // why, in words
	Count   int       `json:"count,omitempty"`   // sessions, where the kind has some
}

const kept = 512

// Log keeps the latest events and tells a listener about each, in order.
type Log struct {
	mu     sync.Mutex
	seq    uint64
	events []Event
	tell   func(Event)
}

// NewLog returns a log whose numbers begin after first. tell may be nil; it is
// called in order, one at a time, and must not block or call back.
func NewLog(first uint64, tell func(Event)) *Log {
	return &Log{seq: first, tell: tell}
}

// Add numbers and keeps one event.
func (l *Log) Add(e Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seq++
	e.Seq = l.seq
	if len(l.events) == kept {
		l.events = append(l.events[:0:0], l.events[kept/4:]...)
	}
	l.events = append(l.events, e)
	if l.tell != nil {
		l.tell(e)
	}
}

// Since returns the kept events after seq, oldest first.
func (l *Log) Since(seq uint64) []Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range l.events {
		if l.events[i].Seq > seq {
			return append([]Event(nil), l.events[i:]...)
		}
	}
	return nil
}
