package wan

import (
	"errors"
	"math/rand/v2"
	"time"
)

// Link is what lies along a way.
type Link struct {
	RoundTrip time.Duration // both ways together
	Loss      float64       // share of the packets that are lost along this way, 0 to below 1
}

// What Linux's TCP does about a loss.
const (
	segment    = 1460                   // bytes in a packet
	fastRepeat = 3                      // segments that must follow a lost one for it to be missed at once
	repeatWait = 200 * time.Millisecond // how long it waits at least otherwise
	openWait   = time.Second            // how long it waits for an answer to its first packet
)

// oneWay is how long a packet takes.
func (l Link) oneWay() time.Duration { return l.RoundTrip / 2 }

// lost draws whether a packet is lost.
func (l Link) lost() bool { return l.Loss > 0 && rand.Float64() < l.Loss } //nolint:gosec // chance, no secret

// carry draws how long n bytes, sent at once, take until all of them have come.
func (l Link) carry(n int) time.Duration {
	d := l.oneWay()
	if l.Loss == 0 {
		return d
	}
	for left := (n + segment - 1) / segment; left > 0; left-- {
		for l.lost() { // also what is sent again may be lost
			if d += l.RoundTrip; left <= fastRepeat {
				d += repeatWait
			}
		}
	}
	return d
}

// open draws how long a connection takes to begin: its first packet there, and its answer back.
func (l Link) open(back Link) time.Duration {
	d := l.oneWay() + back.oneWay()
	for wait := openWait; l.lost() || back.lost(); wait *= 2 {
		d += wait
	}
	return d
}

func (l Link) validate() error {
	if l.RoundTrip < 0 || l.Loss < 0 || l.Loss >= 1 {
		return errors.New("a link has a round trip of 0s or more and loses a share from 0 to below 1")
	}
	return nil
}
