package relay

import (
	"errors"
	"net"
	"syscall"
	"time"

	"github.com/greenlang/fournines/internal/edge/config"
	"github.com/greenlang/fournines/internal/edge/pgwire"
	"github.com/greenlang/fournines/internal/probe/outcome"
)

const (
	redial = 100 * time.Millisecond // after a failed connection, unless something changes
	queue  = 20 * time.Millisecond  // before the next question, while others are let in
	// glance is how often a session that waits looks whether its client is still there.
	// During a failover clients come anew each second: without it those who have left would
	// be connected as well.
	glance = 250 * time.Millisecond
)

// connect waits for a leader, and for a place at it, and returns a connection to it; nil
// when there was none in time, which the client has then been told.
func (n *session) connect() net.Conn {
	s := n.service
	wait := s.spec.Policy.Wait.Or(5 * time.Second)
	deadline := time.Now().Add(wait)
	waited, queued := false, false
	for {
		changed := s.watch() // before looking, so that no change is missed
		pause := time.Until(deadline)
		if s.held.Load() {
			deadline = time.Now().Add(wait) // a hold does not use up the wait
			pause = wait
		} else if member, address := s.follower.leader(); member != "" {
			switch v := n.sit(); {
			case v.later:
				queued, pause = true, min(pause, queue)
			case !v.granted:
				return nil
			default:
				if conn := n.dial(member, address); conn != nil {
					return conn
				}
				n.seat.move(opening)
				queued, pause = false, min(pause, redial)
			}
		}
		if time.Until(deadline) <= 0 {
			if queued {
				s.crowded(n.client)
			} else {
				n.refuse()
			}
			return nil
		}
		if !waited {
			waited = true
			s.count.heldSessions.Add(1)
			s.count.waiting.Add(1)
			defer s.count.waiting.Add(-1)
		}
		if !n.pause(changed, min(pause, glance)) || n.departed() {
			return nil
		}
	}
}

// pause waits for a change or the time; false when the session was cut.
func (n *session) pause(changed <-chan struct{}, limit time.Duration) bool {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-n.done:
		return false
	case <-changed:
	case <-timer.C:
	}
	return true
}

// dial connects to the leader. The session is bound first and the leadership
// looked at again after, so that a cut in between finds it.
func (n *session) dial(member, address string) net.Conn {
	s := n.service
	d := net.Dialer{
		Timeout:         s.spec.Policy.ConnectTimeout.Or(time.Second),
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 5 * time.Second, Interval: 2 * time.Second, Count: 3},
	}
	conn, err := d.Dial("tcp", address)
	n.hindered = nil
	if err != nil {
		if outcome.Local(err) {
			n.hindered = err
		}
		s.connectFailed(member, err)
		return nil
	}
	if !n.attach(conn, member) {
		conn.Close()
		return nil
	}
	if now, _ := s.follower.leader(); now != member || s.held.Load() {
		n.attach(nil, "")
		conn.Close()
		return nil
	}
	return conn
}

// connectFailed asks all members at once. A refused connection proves that the
// process is gone: the sessions to it are dead and end here, not at some
// timeout. Any other failure proves nothing, and one of the edge itself is not even a doubt.
func (s *Service) connectFailed(member string, err error) {
	s.deps.Logger.Debug("connect to leader failed", "service", s.spec.Name, "member", member, "error", err)
	s.deps.Descriptors.Saw(err)
	if outcome.Local(err) {
		return
	}
	s.follower.doubt()
	if errors.Is(err, syscall.ECONNREFUSED) {
		s.cutAll(member, "the leader refuses connections")
	}
}

// refuse tells the client that there is no leader, or that the edge cannot reach it.
func (n *session) refuse() {
	n.service.count.refused.Add(1)
	code, text := "MASTERDOWN", "no leader of "+n.service.spec.Name+" was found in time"
	if n.hindered != nil {
		code, text = "ERR", "this edge itself cannot open connections at present: "+n.hindered.Error()
	}
	if n.service.spec.Protocol == config.Redis {
		n.say([]byte("-" + code + " " + text + "\r\n"))
		return
	}
	if n.what != pgwire.Cancel {
		n.say(pgwire.Fatal(pgwire.CannotConnectNow, text, "", "try again; nothing was carried out"))
	}
}
