package store

import (
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// unacknowledged is how long sent bytes may stay unacknowledged before the
// kernel gives the connection up: a zone that vanished without a FIN is noticed
// in 2 s instead of the quarter of an hour of TCP's own patience.
const unacknowledged = 2 * time.Second

func dialer(timeout time.Duration) *net.Dialer {
	return &net.Dialer{
		Timeout: timeout,
		// For connections that wait for an answer: nothing is unacknowledged there, only keepalive notices.
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 2 * time.Second, Interval: time.Second, Count: 3},
		Control: func(_, _ string, c syscall.RawConn) error {
			var err error
			if cerr := c.Control(func(fd uintptr) {
				err = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(unacknowledged.Milliseconds()))
			}); cerr != nil {
				return cerr
			}
			return err
		},
	}
}
