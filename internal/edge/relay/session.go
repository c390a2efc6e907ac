package relay

import (
	"net"
	"sync"
	"time"

	"github.com/greenlang/fournines/internal/edge/config"
	"github.com/greenlang/fournines/internal/edge/pgwire"
)

// session is one client's connection and, once a leader is found, the server's.
type session struct {
	service *Service
	client  net.Conn
	seat    *seat
	opening []byte // the client's first packet, of postgres
	what    pgwire.Opening
	role    string // that the client names; "" while it is unknown, and where it is encrypted
	// hindered is why the edge itself could not connect the last time; nil: it could.
	hindered error

	mu     sync.Mutex
	server net.Conn
	member string
	track  *pgwire.Tracker // nil when the stream cannot be read
	ended  bool
	reason string        // why it was cut; "" when it ended by itself
	done   chan struct{} // closed when it is cut
	gone   chan struct{} // closed when the server's stream has ended
}

func newSession(s *Service, client net.Conn, t *seat) *session {
	return &session{service: s, client: client, seat: t, done: make(chan struct{}), gone: make(chan struct{})}
}

const (
	openingTimeout = 10 * time.Second
	farewell       = time.Second // for the last words to the client
)

// run carries the session from its first byte to its last.
func (n *session) run() {
	defer n.client.Close()
	if n.service.spec.Protocol == config.Postgres && !n.readOpening() {
		return
	}
	server := n.connect()
	if server == nil {
		return
	}
	defer server.Close()
	if n.service.spec.Protocol == config.Postgres && !n.open(server) {
		return
	}
	n.pump(server)
	n.parting()
}

func (n *session) readOpening() bool {
	if err := n.client.SetReadDeadline(time.Now().Add(openingTimeout)); err != nil {
		return false
	}
	packet, what, err := pgwire.ReadOpening(n.client)
	if err != nil {
		n.service.deps.Logger.Debug("session refused", "service", n.service.spec.Name, "error", err)
		return false
	}
	n.opening, n.what = packet, what
	if what == pgwire.Startup {
		n.mu.Lock()
		n.role = pgwire.User(packet)
		n.mu.Unlock()
	}
	return n.client.SetReadDeadline(time.Time{}) == nil
}

// open forwards the opening. After a request for encryption the server's one
// byte decides: refused, the client begins again in clear text; granted, the
// rest cannot be read and the session stays opaque.
func (n *session) open(server net.Conn) bool {
	for n.what == pgwire.Encrypt {
		if _, err := server.Write(n.opening); err != nil {
			return false
		}
		var reply [1]byte
		if _, err := server.Read(reply[:]); err != nil {
			return false
		}
		if _, err := n.client.Write(reply[:]); err != nil {
			return false
		}
		if reply[0] != 'N' {
			n.seat.move(begun)
			return true
		}
		if !n.readOpening() {
			return false
		}
		if n.what == pgwire.Startup {
			if v := n.seat.rename(n.role); !v.granted {
				n.full(v)
				return false
			}
		}
	}
	if n.what == pgwire.Startup {
		n.mu.Lock()
		n.track = pgwire.NewTracker()
		n.mu.Unlock()
	}
	_, err := server.Write(n.opening)
	return err == nil
}

// end cuts the session if it belongs to member ("" means any) and says whether
// it did. The server's side is closed here and now: that is what makes a fence
// one. The client's side ends in parting.
func (n *session) end(member, reason string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.ended || (member != "" && member != n.member) {
		return false
	}
	n.ended, n.reason = true, reason
	close(n.done)
	if n.server != nil {
		if tcp, ok := n.server.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // what is still in the send buffer must not arrive
		}
		n.server.Close()
	}
	// Interrupts the pumps; the write gets time for the message under way.
	_ = n.client.SetReadDeadline(time.Unix(1, 0))
	_ = n.client.SetWriteDeadline(time.Now().Add(farewell))
	return true
}

// attach binds the session to its server unless it was cut meanwhile.
func (n *session) attach(server net.Conn, member string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.ended {
		return false
	}
	n.server, n.member = server, member
	return true
}

// busy says whether a server works for the session, as far as can be seen.
func (n *session) busy() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.track != nil && !n.track.Idle()
}

// parting tells the client of a cut session why it ends.
func (n *session) parting() {
	n.mu.Lock()
	track, reason := n.track, n.reason
	n.mu.Unlock()
	if reason == "" || track == nil || !track.Speakable() {
		return
	}
	state, hint := pgwire.AdminShutdown, "connect again and send it again: nothing of it was carried out"
	if !track.Quiet() {
		state, hint = pgwire.ResolutionUnknown, "the statement under way may or may not have been carried out: look before sending it again"
	}
	_ = n.client.SetWriteDeadline(time.Now().Add(farewell))
	_, _ = n.client.Write(pgwire.Fatal(state, "terminating connection: "+reason, "", hint))
}
