package tunnel

import (
	"context"
	"errors"
	"io"
	"net"

	"golang.org/x/crypto/ssh"
)

// errCut means that a direction was cut off, rather than ended.
var errCut = errors.New("cut off")

// splice carries both directions between a connection here and a channel until both have
// ended, or one was cut off, and with it the other.
func splice(ctx context.Context, c net.Conn, ch ssh.Channel, requests <-chan *ssh.Request) {
	ended, closed := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(closed)
		for r := range requests {
			if r.Type == endRequest {
				select {
				case <-ended:
				default:
					close(ended)
				}
			}
			if r.WantReply {
				_ = r.Reply(false, nil)
			}
		}
	}()
	results := make(chan error, 2)
	go func() { // out
		_, err := io.Copy(ch, c)
		if err == nil {
			_, err = ch.SendRequest(endRequest, false, nil)
		}
		if err == nil {
			err = ch.CloseWrite()
		}
		results <- err
	}()
	go func() { // in
		_, err := io.Copy(c, ch)
		if err == nil {
			// The word of an end comes before the end itself; where it never comes the channel is closed.
			select {
			case <-ended:
			case <-closed:
				select {
				case <-ended:
				default:
					err = errCut
				}
			}
		}
		if err == nil {
			err = closeWrite(c)
		}
		results <- err
	}()
	var err error
	for range 2 {
		select {
		case err = <-results:
		case <-ctx.Done():
			err = ctx.Err()
		}
		if err != nil {
			break
		}
	}
	if err != nil {
		reset(c)
	}
	_ = c.Close()
	_ = ch.Close()
}

func closeWrite(c net.Conn) error {
	if h, ok := c.(interface{ CloseWrite() error }); ok {
		return h.CloseWrite()
	}
	return nil
}

// reset ends a connection without the word of a proper end.
func reset(c net.Conn) {
	if t, ok := c.(*net.TCPConn); ok {
		_ = t.SetLinger(0)
	}
	_ = c.Close()
}
