package wan

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"
)

// longest is the longest datagram that is carried; pulses are shorter.
const longest = 256 // bytes

// datagrams carries single packets from its near address to its far one.
type datagrams struct {
	Relay
	link  Link
	gates *gates
	conn  *net.UDPConn
	far   *net.UDPAddr
}

func listenPacket(ctx context.Context, address string) (*net.UDPConn, error) {
	c, err := (&net.ListenConfig{}).ListenPacket(ctx, "udp", address)
	if err != nil {
		return nil, fmt.Errorf("listen between regions: %w; end what has the address, see `ss -lunp`", err)
	}
	return c.(*net.UDPConn), nil //nolint:forcetypeassert // it listens by UDP
}

func (d *datagrams) run(context.Context) error {
	buf := make([]byte, longest)
	for {
		n, err := d.conn.Read(buf)
		switch {
		case errors.Is(err, net.ErrClosed):
			return nil
		case err != nil:
			continue // an earlier packet found nobody
		case d.gates.closed(d.Way) || d.link.lost():
			continue
		}
		packet := append([]byte(nil), buf[:n]...)
		time.AfterFunc(d.link.oneWay(), func() {
			if !d.gates.closed(d.Way) {
				_, _ = d.conn.WriteToUDP(packet, d.far) // a datagram may be lost
			}
		})
	}
}
