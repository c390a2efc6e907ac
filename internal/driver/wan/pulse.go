package wan

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/greenlang/fournines/internal/fact"
)

// pulseEvery is the pace at which each region tells each other one that it is there.
const pulseEvery = 500 * time.Millisecond

// remembered is how many pulses back an answer is still understood.
const remembered = 64

// note is what is in a datagram: a numbered pulse of From to To, or To's answer to it.
type note struct {
	answer bool
	way    fact.Way // of the pulse
	number uint64
}

func (n note) String() string {
	kind := "pulse"
	if n.answer {
		kind = "answer"
	}
	return fmt.Sprintf("%s %s %d", kind, n.way, n.number)
}

func parseNote(s string) (note, error) {
	f := strings.Split(s, " ")
	if len(f) != 3 || (f[0] != "pulse" && f[0] != "answer") {
		return note{}, errors.New("read pulse: it is not KIND FROM>TO NUMBER")
	}
	w, err := fact.ParseWay(f[1])
	if err != nil {
		return note{}, fmt.Errorf("read pulse: %w", err)
	}
	n, err := strconv.ParseUint(f[2], 10, 64)
	if err != nil {
		return note{}, fmt.Errorf("read pulse: %w", err)
	}
	return note{f[0] == "answer", w, n}, nil
}

// track is what is known of one way.
type track struct {
	link   Link
	sent   uint64
	sentAt [remembered]time.Time // by number, modulo
	heard  uint64
	fact   fact.Link
}

// tracker measures every way by what is heard at its end.
type tracker struct {
	mu     sync.Mutex // guards what follows
	tracks map[fact.Way]*track
}

func newTracker(links map[fact.Way]Link, now time.Time) *tracker {
	out := &tracker{tracks: map[fact.Way]*track{}}
	for w, l := range links {
		out.tracks[w] = &track{link: l, fact: fact.Link{From: w.From, To: w.To, Heard: now}}
	}
	return out
}

// begin numbers the next pulse.
func (t *tracker) begin(w fact.Way, now time.Time) note {
	t.mu.Lock()
	defer t.mu.Unlock()
	k := t.tracks[w]
	k.sent++
	k.sentAt[k.sent%remembered] = now
	return note{way: w, number: k.sent}
}

// hear takes what arrived at a region, and tells whether it is to be answered.
func (t *tracker) hear(at string, n note, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	k := t.tracks[n.way]
	if k == nil || n.number == 0 || n.number > k.sent {
		return false
	}
	if !n.answer {
		if at == n.way.To && n.number > k.heard {
			k.heard, k.fact.Heard = n.number, now
		}
		return at == n.way.To
	}
	if at == n.way.From && k.sent-n.number < remembered {
		k.fact.RoundTrip, k.fact.Measured = now.Sub(k.sentAt[n.number%remembered]), now
	}
	return false
}

// facts is what is known of every way now.
func (t *tracker) facts(now time.Time) []fact.Link {
	t.mu.Lock()
	defer t.mu.Unlock()
	var out []fact.Link
	for _, k := range t.tracks {
		f := k.fact
		under := 1 + uint64(k.link.oneWay()/pulseEvery)                     //nolint:gosec // a validated latency
		f.At, f.Missed = now, int(max(k.sent, k.heard+under)-k.heard-under) //nolint:gosec // few
		out = append(out, f)
	}
	return out
}

// station is where a region hears the others.
type station struct {
	region string
	conn   *net.UDPConn
	near   map[string]*net.UDPAddr // where it reaches the others
	track  *tracker
}

// listen hears until the connection is closed.
func (s *station) listen(context.Context) error {
	buf := make([]byte, longest)
	for {
		n, err := s.conn.Read(buf)
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			continue // an earlier packet found nobody
		}
		heard, err := parseNote(string(buf[:n]))
		if err != nil {
			continue // it is not one of ours
		}
		if s.track.hear(s.region, heard, time.Now()) {
			heard.answer = true
			s.say(heard.way.From, heard)
		}
	}
}

// tell sends a pulse to every other region at each beat.
func (s *station) tell(ctx context.Context) error {
	beat := time.NewTicker(pulseEvery)
	defer beat.Stop()
	for {
		for to := range s.near {
			s.say(to, s.track.begin(fact.Way{From: s.region, To: to}, time.Now()))
		}
		select {
		case <-beat.C:
		case <-ctx.Done():
			return nil
		}
	}
}

func (s *station) say(to string, n note) {
	if a := s.near[to]; a != nil {
		_, _ = s.conn.WriteToUDP([]byte(n.String()), a) // a datagram may be lost
	}
}
