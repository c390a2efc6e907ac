package kafka

import (
	"slices"
	"time"
)

// Sequence counts numbered records that go through a mirror: which arrived, which were
// overtaken by later ones, which came twice. They are in one partition, so they arrive in
// order, and one that a later one overtakes is lost unless it still comes. The zero value is
// ready. It is not safe for concurrent use.
type Sequence struct {
	Sent       int64 // acknowledged at the source
	Received   int64 // different ones
	Duplicates int64

	high int64 // highest that arrived
	away map[int64]mark
	lag  time.Duration
}

// mark is a number that is on its way.
type mark struct {
	acknowledged time.Time // by the source; zero: not yet
	overtaken    bool
}

// Sending says that a number goes to the source. Numbers grow.
func (s *Sequence) Sending(n int64) {
	if s.away == nil {
		s.away = map[int64]mark{}
	}
	s.away[n] = mark{}
}

// Acknowledged says that the source has a number. It tells whether that makes it a gap: a
// later one has arrived already.
func (s *Sequence) Acknowledged(n int64, at time.Time) (gap bool) {
	s.Sent++
	m, ok := s.away[n]
	if ok {
		m.acknowledged = at
		s.away[n] = m
	}
	return ok && m.overtaken
}

// Refused says that the source does not have a number, so that nobody may expect it.
func (s *Sequence) Refused(n int64) { delete(s.away, n) }

// Arrived says that the target has a number. It returns those that it has overtaken, in
// order: gaps from now on, unless they come later.
func (s *Sequence) Arrived(n int64, at time.Time) (gaps []int64) {
	m, first := s.away[n]
	delete(s.away, n)
	if !first && n <= s.high {
		s.Duplicates++
		return nil
	}
	s.Received++
	if n < s.high { // late, and not lost
		return nil
	}
	s.high, s.lag = n, 0
	if !m.acknowledged.IsZero() {
		s.lag = max(0, at.Sub(m.acknowledged))
	}
	for k, m := range s.away {
		if k < n && !m.overtaken {
			m.overtaken = true
			s.away[k] = m
			if !m.acknowledged.IsZero() {
				gaps = append(gaps, k)
			}
		}
	}
	slices.Sort(gaps)
	return gaps
}

// Missing returns the acknowledged numbers that were overtaken and have not come, in order.
func (s *Sequence) Missing() []int64 {
	out := []int64{}
	for k, m := range s.away {
		if m.overtaken && !m.acknowledged.IsZero() {
			out = append(out, k)
		}
	}
	slices.Sort(out)
	return out
}

// Pending returns how many are acknowledged and neither there nor overtaken.
func (s *Sequence) Pending() (n int64) {
	for _, m := range s.away {
		if !m.overtaken && !m.acknowledged.IsZero() {
			n++
		}
	}
	return n
}

// Lag returns how far the target is behind: the age of the oldest that it waits for, or,
// where it waits for none that is older, what the newest took.
func (s *Sequence) Lag(now time.Time) time.Duration {
	lag := s.lag
	for _, m := range s.away {
		if !m.overtaken && !m.acknowledged.IsZero() {
			lag = max(lag, now.Sub(m.acknowledged))
		}
	}
	return lag
}
