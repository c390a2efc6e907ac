package tunnel

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/greenlang/fournines/internal/accept"
)

// The times of a connection between two machines.
const (
	dialTimeout = 5 * time.Second // to the other machine, and to what listens here
	shakeFor    = 10 * time.Second
	askEvery    = time.Second
	silent      = 4 * time.Second // without an answer the other machine counts as gone
)

// Names of what a connection carries.
const (
	carryChannel = "carry@fournines" // one connection, to the address in its extra data
	filesChannel = "files@fournines" // what a machine must know, as JSON
	joinRequest  = "join@fournines"  // accept this machine's key
	aliveRequest = "alive@fournines"
	endRequest   = "end@fournines" // of a channel: what was sent until now is all
)

// Ends is what one end of a connection does for the other one.
type Ends struct {
	Listen []string                                                    // addresses that live at the other end: HOST:PORT, or the path of a socket
	Dial   func(ctx context.Context, address string) (net.Conn, error) // opens an address here for the other end, or refuses to
}

// session is one connection between two machines.
type session struct {
	conn ssh.Conn
	Ends
	log     *slog.Logger
	stands  func() bool // whether the other machine's key still stands; nil: it does
	carried sync.WaitGroup
}

// run carries until the connection ends or ctx does. ready is called when every address is
// listened at.
func (s *session) run(ctx context.Context, channels <-chan ssh.NewChannel, files func() ([]byte, error), ready func()) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer s.carried.Wait()
	defer cancel(nil)
	context.AfterFunc(ctx, func() { _ = s.conn.Close() }) // and with it channels, which the loop below reads
	listeners, err := s.listen(ctx)
	defer func() { // here, and not beside the connection: the next session listens at the same addresses
		for _, l := range listeners {
			_ = l.Close()
		}
	}()
	if err != nil {
		return err
	}
	for address, l := range listeners {
		s.carried.Go(func() { s.take(ctx, l, address) })
	}
	go func() { cancel(s.watch(ctx)) }()
	ready()
	for c := range channels { // it is closed with the connection
		switch {
		case c.ChannelType() == carryChannel:
			s.carried.Go(func() { s.reach(ctx, c) })
		case c.ChannelType() == filesChannel && files != nil:
			s.carried.Go(func() { sendFiles(c, files) })
		default:
			_ = c.Reject(ssh.UnknownChannelType, "there is no such channel")
		}
	}
	cancel(errors.New("the other machine has closed the connection"))
	return context.Cause(ctx)
}

// listen opens every address of the other end.
func (s *session) listen(ctx context.Context) (map[string]net.Listener, error) {
	out := map[string]net.Listener{}
	for _, address := range s.Listen {
		if Network(address) == "unix" {
			_ = os.Remove(address) // of an earlier life; the directory is ours
		}
		l, err := (&net.ListenConfig{}).Listen(ctx, Network(address), address)
		if err != nil {
			return out, fmt.Errorf("listen for what is on the other machine: %w; end what has the address here, see `ss -ltnp`", err)
		}
		out[address] = l
		if Network(address) == "unix" {
			if err := os.Chmod(address, 0o600); err != nil {
				return out, err
			}
		}
	}
	return out, nil
}

// Network tells the network of an address: a path is that of a socket.
func Network(address string) string {
	if strings.HasPrefix(address, "/") {
		return "unix"
	}
	return "tcp"
}

// take carries what connects here to the other end.
func (s *session) take(ctx context.Context, l net.Listener, address string) {
	accept.Loop{Log: s.log}.Run(ctx, l, func(c net.Conn) {
		s.carried.Go(func() {
			ch, requests, err := s.conn.OpenChannel(carryChannel, ssh.Marshal(target{address}))
			if err != nil {
				reset(c)
				return
			}
			splice(ctx, c, ch, requests)
		})
	})
}

// target is a carry channel's extra data.
type target struct{ Address string }

// reach dials what the other end asks for.
func (s *session) reach(ctx context.Context, nc ssh.NewChannel) {
	var t target
	if err := ssh.Unmarshal(nc.ExtraData(), &t); err != nil {
		_ = nc.Reject(ssh.Prohibited, "read the address: "+err.Error())
		return
	}
	dialing, cancel := context.WithTimeout(ctx, dialTimeout)
	c, err := s.Dial(dialing, t.Address)
	cancel()
	if err != nil {
		_ = nc.Reject(ssh.ConnectionFailed, err.Error())
		return
	}
	ch, requests, err := nc.Accept()
	if err != nil {
		reset(c)
		return
	}
	splice(ctx, c, ch, requests)
}

// watch returns when the other machine is silent, or is no more to be served.
func (s *session) watch(ctx context.Context) error {
	t := time.NewTicker(askEvery)
	defer t.Stop()
	for {
		if s.stands != nil && !s.stands() {
			return errors.New("the machine was dismissed")
		}
		answered := make(chan error, 1)
		go func() {
			_, _, err := s.conn.SendRequest(aliveRequest, true, nil)
			answered <- err
		}()
		limit := time.NewTimer(silent)
		select {
		case err := <-answered:
			limit.Stop()
			if err != nil {
				return fmt.Errorf("the connection to the other machine is lost: %w", err)
			}
		case <-limit.C:
			return fmt.Errorf("the other machine has not answered for %s", silent)
		case <-ctx.Done():
			limit.Stop()
			return ctx.Err()
		}
		select {
		case <-t.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func sendFiles(nc ssh.NewChannel, files func() ([]byte, error)) {
	b, err := files()
	if err != nil {
		_ = nc.Reject(ssh.ConnectionFailed, err.Error())
		return
	}
	ch, requests, err := nc.Accept()
	if err != nil {
		return
	}
	go ssh.DiscardRequests(requests)
	_, err = ch.Write(b)
	if err == nil { // else the reader sees no whole document
		_ = ch.CloseWrite()
	}
	_ = ch.Close()
}
