package postgres

import (
	"context"
	"net"
	"sync/atomic"
	"time"
)

// secondTry is after which time a second connection is tried beside the first: a lost
// first packet is repeated only after a second, which is longer than a probe may be silent.
const secondTry = 120 * time.Millisecond

// dial connects within silence, and gives up later when nothing moves for as long. heard is
// set once the server has sent something.
func dial(ctx context.Context, network, address string, silence time.Duration, heard *atomic.Bool) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, silence)
	defer cancel()
	type result struct {
		conn net.Conn
		err  error
	}
	results := make(chan result, 2)
	try := func() {
		var d net.Dialer
		c, err := d.DialContext(ctx, network, address)
		results <- result{c, err}
	}
	go try()
	running, second := 1, time.NewTimer(secondTry)
	defer second.Stop()
	for {
		select {
		case <-second.C:
			running++
			go try()
		case r := <-results:
			running--
			if r.err != nil && running > 0 {
				continue
			}
			if r.err != nil {
				return nil, r.err
			}
			if running > 0 { // the other one is not needed
				go func() {
					if late := <-results; late.err == nil {
						_ = late.conn.Close()
					}
				}()
			}
			return &moving{r.conn, silence, heard}, nil
		}
	}
}

// moving is a connection on which every read must bring something within silence.
type moving struct {
	net.Conn
	silence time.Duration
	heard   *atomic.Bool // the server has sent something
}

func (c *moving) Read(b []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(c.silence)); err != nil {
		return 0, err
	}
	n, err := c.Conn.Read(b)
	if n > 0 {
		c.heard.Store(true)
	}
	return n, err
}
