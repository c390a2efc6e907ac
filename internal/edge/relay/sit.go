package relay

import (
	"fmt"
	"net"
	"syscall"
	"time"

	"github.com/greenlang/fournines/internal/edge/config"
	"github.com/greenlang/fournines/internal/edge/event"
	"github.com/greenlang/fournines/internal/edge/pgwire"
)

// sit asks for a place at the leader. A request to cancel needs none: it is over at once,
// and is what helps where places are short.
func (n *session) sit() verdict {
	if n.what == pgwire.Cancel {
		return verdict{granted: true}
	}
	postgres := n.service.spec.Protocol == config.Postgres
	v := n.seat.take(n.role, postgres)
	if v.granted && !postgres {
		n.seat.move(begun)
	}
	if !v.granted && !v.later {
		n.full(v)
	}
	return v
}

// full tells a client, and once everybody, which bound is reached.
func (n *session) full(v verdict) {
	s := n.service
	whose, bound := "all sessions", fmt.Sprintf("the edge opens at most %d sessions of %s", v.bound, s.spec.Name)
	text := "sorry, too many clients already"
	if v.ofRole {
		whose, bound = fmt.Sprintf("role %q", n.role), fmt.Sprintf("the edge opens at most %d sessions of %s for one role", v.bound, s.spec.Name)
		text = "too many connections for " + whose
	}
	hint := fmt.Sprintf("%s; %d are open, %d of them idle: close some, or let a pool share them", bound, v.open, s.idle(n.role, v.ofRole))
	if v.first {
		s.deps.Events(event.Event{At: s.deps.Now(), Kind: event.SessionsRefused, Service: s.spec.Name, Subject: n.role, Detail: whose + ": " + hint, Count: v.open})
	}
	if s.spec.Protocol == config.Redis {
		n.say([]byte("-ERR max number of clients reached: " + hint + "\r\n"))
		return
	}
	n.say(pgwire.Fatal(pgwire.TooManyConnections, text, "", hint))
}

// crowded tells a client that too many others are about to begin.
func (s *Service) crowded(conn net.Conn) {
	text := "too many sessions of " + s.spec.Name + " are about to begin"
	// What the client has sent is read, since closing would else throw the answer away.
	_ = conn.SetReadDeadline(time.Now().Add(queue))
	_, _ = conn.Read(make([]byte, 1024))
	_ = conn.SetWriteDeadline(time.Now().Add(farewell))
	if s.spec.Protocol == config.Redis {
		_, _ = conn.Write([]byte("-ERR max number of clients reached: " + text + "\r\n"))
		return
	}
	_, _ = conn.Write(pgwire.Fatal(pgwire.TooManyConnections, text, "", "try again; nothing was carried out"))
}

// say writes the last words to a client.
func (n *session) say(words []byte) {
	_ = n.client.SetWriteDeadline(time.Now().Add(farewell))
	_, _ = n.client.Write(words)
}

// idle counts the sessions, of one role or of all, that wait for their clients.
func (s *Service) idle(role string, ofRole bool) (n int) {
	for name, count := range s.idleRoles() {
		if !ofRole || name == role {
			n += count
		}
	}
	return n
}

func (s *Service) idleRoles() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string]int{}
	for n := range s.sessions {
		if role, idle := n.idle(); idle {
			out[role]++
		}
	}
	return out
}

func (n *session) idle() (role string, idle bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.role, n.track != nil && n.track.Idle()
}

// departed says whether the client has closed its connection while it waited. Such a
// session must not take a place at the leader. A request to cancel is not waited for.
func (n *session) departed() bool {
	sc, ok := n.client.(syscall.Conn)
	if !ok || n.what == pgwire.Cancel {
		return false
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return true
	}
	gone := false
	err = raw.Control(func(fd uintptr) {
		var next [1]byte
		got, _, err := syscall.Recvfrom(int(fd), next[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT) //nolint:gosec // a descriptor is small
		switch err {
		case nil:
			gone = got == 0
		case syscall.EAGAIN, syscall.EINTR:
		default:
			gone = true
		}
	})
	return gone || err != nil
}
