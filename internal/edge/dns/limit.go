package dns

import (
	"encoding/binary"
	"net/netip"
	"sync"
	"time"

	"github.com/greenlang/fournines/internal/edge/config"
)

// Networks that share one allowance: the usual size of one customer's network.
const (
	limitBits4 = 24
	limitBits6 = 56
)

// remembered is how many networks each half of a shard remembers. One that is forgotten
// begins with a full allowance: a flood from random addresses does not harm others.
const (
	remembered = 4096
	shards     = 16
)

// limit bounds what each client network may ask over UDP, as response rate limiting does:
// a source address can be forged, and TCP proves it.
type limit struct {
	every    time.Duration // between two queries; 0: no limit
	burst    time.Duration // how far ahead of its time a network may be
	loopback bool          // counts as well
	shards   [shards]limitShard
}

type limitShard struct {
	mu       sync.Mutex
	now, old map[uint64]int64 // network → when its allowance is whole again, nanoseconds
}

// newLimit returns the limit of so many queries per second, with a burst of one second's.
func newLimit(perSecond int) *limit {
	l := &limit{loopback: perSecond > 0}
	if perSecond == 0 {
		perSecond = config.DefaultDNSLimit
	}
	if perSecond > 0 {
		l.every, l.burst = time.Second/time.Duration(perSecond), time.Second
	}
	return l
}

// take counts one query from an address: pass is whether it may be answered.
func (l *limit) take(from netip.Addr, now time.Time) (pass bool) {
	if l.every == 0 || (from.IsLoopback() && !l.loopback) {
		return true
	}
	key := network(from)
	s := &l.shards[key*0x9e3779b97f4a7c15>>60]
	at := now.UnixNano()
	s.mu.Lock()
	defer s.mu.Unlock()
	whole, known := s.now[key]
	if !known {
		whole = s.old[key]
		if s.now == nil || len(s.now) >= remembered {
			s.old, s.now = s.now, make(map[uint64]int64, remembered)
		}
	}
	whole = max(whole, at) + int64(l.every)
	if pass = whole-at <= int64(l.burst); !pass {
		whole -= int64(l.every)
	}
	s.now[key] = whole
	return pass
}

// network returns the number of an address's network.
func network(a netip.Addr) uint64 {
	b := a.As16()
	if a.Is4() {
		return uint64(binary.BigEndian.Uint32(b[12:])>>(32-limitBits4)) | 1<<63 // apart from IPv6
	}
	return binary.BigEndian.Uint64(b[:8]) >> (64 - limitBits6)
}
