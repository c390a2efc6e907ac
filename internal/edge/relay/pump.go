package relay

import (
	"net"
	"sync"
	"time"

	"github.com/greenlang/fournines/internal/edge/config"
)

const pumpSize = 32 << 10

// pump carries bytes both ways until both directions have ended.
func (n *session) pump(server net.Conn) {
	var up sync.WaitGroup
	up.Go(func() {
		n.toServer(server)
		if tcp, ok := server.(*net.TCPConn); ok {
			_ = tcp.CloseWrite() // the client has finished; the server may still answer
		}
	})
	n.toClient(server)
	close(n.gone)
	_ = n.client.SetReadDeadline(time.Unix(1, 0)) // nobody answers any more
	server.Close()
	up.Wait()
}

// toServer forwards the client's bytes, each piece only after the gate.
func (n *session) toServer(server net.Conn) {
	buf := make([]byte, pumpSize)
	for {
		got, err := n.client.Read(buf)
		if got > 0 {
			if !n.gate(buf[:got]) {
				return
			}
			if _, err := server.Write(buf[:got]); err != nil {
				return
			}
			n.service.count.toServer.Add(int64(got))
		}
		if err != nil {
			return
		}
	}
}

// toClient forwards the server's bytes.
func (n *session) toClient(server net.Conn) {
	buf := make([]byte, pumpSize)
	in := false // the server has let the client in
	for {
		got, err := server.Read(buf)
		if got > 0 {
			n.mu.Lock()
			entered := false
			if n.track != nil {
				n.track.Server(buf[:got])
				entered = n.track.Begun() && !in
			}
			n.mu.Unlock()
			if entered {
				in = true
				n.seat.move(begun)
			}
			if _, err := n.client.Write(buf[:got]); err != nil {
				return
			}
			n.service.count.toClient.Add(int64(got))
		}
		if err != nil {
			return
		}
	}
}

// gate lets a piece pass, or waits while the service is held and the session
// has nothing under way. The piece counts as sent in the same step in which it
// passes, so that a hold sees the session either waiting or busy. It returns
// false when the session was cut.
func (n *session) gate(piece []byte) bool {
	for first := true; ; first = false {
		changed := n.service.watch()
		n.mu.Lock()
		if n.ended {
			n.mu.Unlock()
			return false
		}
		if !n.service.held.Load() || !n.holdable() {
			if n.track != nil {
				n.track.Client(piece)
			}
			n.mu.Unlock()
			return true
		}
		n.mu.Unlock()
		if first {
			n.service.count.heldSessions.Add(1)
			n.service.count.waiting.Add(1)
			defer n.service.count.waiting.Add(-1)
		}
		select {
		case <-changed:
		case <-n.done:
			return false
		case <-n.gone:
			return false
		}
	}
}

// holdable says whether the session can wait here. A Redis session can between
// any two pieces; a PostgreSQL session only where it is proven idle, so one that
// is encrypted never.
func (n *session) holdable() bool {
	if n.service.spec.Protocol == config.Redis {
		return true
	}
	return n.track != nil && n.track.Idle()
}
