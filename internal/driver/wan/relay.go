package wan

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/greenlang/fournines/internal/accept"
	"github.com/greenlang/fournines/internal/descriptor"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/probe/outcome"
)

// Relay is a near address where a region reaches a far one.
type Relay struct {
	Way  fact.Way // from the region that dials to the other
	Near string   // address that is listened at
	Far  string   // address that is dialled

	// Sources are for an address that several regions dial: the way of each address that they
	// dial from. Who dials from another one is in no region, and has no distance.
	Sources map[netip.Addr]fact.Way
}

// way returns along which way a connection from an address goes; none has the zero way,
// which is as long as a link that nobody declared and never cut.
func (r Relay) way(from net.Addr) fact.Way {
	if r.Sources == nil {
		return r.Way
	}
	a, err := netip.ParseAddrPort(from.String())
	if err != nil {
		return fact.Way{}
	}
	return r.Sources[a.Addr().Unmap()]
}

// The patience of a relay.
const (
	dialTimeout = 2 * time.Second        // the far end is on this machine
	openTimeout = 127 * time.Second      // as long as Linux tries to open a connection over a way that is cut
	lookAgain   = 200 * time.Millisecond // while nobody listens at the far end
)

// relay carries connections.
type relay struct {
	Relay
	links map[fact.Way]Link
	gates *gates
	log   *slog.Logger
	conns sync.WaitGroup
}

// run takes connections until ctx ends, while somebody listens at the far end.
func (r *relay) run(ctx context.Context, l net.Listener) error {
	defer r.conns.Wait()
	for {
		absent := make(chan struct{}, 1)
		if r.serve(ctx, l, absent); !r.appear(ctx) {
			return nil
		}
		var err error
		for l, err = listen(ctx, r.Near); err != nil; l, err = listen(ctx, r.Near) {
			if !descriptor.Lacking(err) {
				return err
			}
			if !nap(ctx, lookAgain) {
				return nil
			}
		}
	}
}

func listen(ctx context.Context, address string) (net.Listener, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen between regions: %w; end what has the address, see `ss -ltnp`", err)
	}
	return l, nil
}

// serve takes connections until the far end is absent or ctx ends.
func (r *relay) serve(ctx context.Context, l net.Listener, absent chan struct{}) {
	served := make(chan struct{})
	defer close(served)
	go func() {
		select {
		case <-ctx.Done():
		case <-absent:
		case <-served:
		}
		_ = l.Close() // who waits in it is refused, as the next ones are
	}()
	accept.Loop{Log: r.log}.Run(ctx, l, func(c net.Conn) {
		r.conns.Go(func() { r.carry(ctx, c.(*net.TCPConn), absent) }) //nolint:forcetypeassert // it listens by TCP
	})
}

// appear waits until somebody listens at the far end.
func (r *relay) appear(ctx context.Context) bool {
	for nap(ctx, lookAgain) {
		if c, err := r.dial(ctx); err == nil {
			_ = c.Close()
			return true
		}
	}
	return false
}

func (r *relay) dial(ctx context.Context) (*net.TCPConn, error) {
	d := net.Dialer{Timeout: dialTimeout}
	c, err := d.DialContext(ctx, "tcp", r.Far)
	if err != nil {
		return nil, err
	}
	return c.(*net.TCPConn), nil //nolint:forcetypeassert // it dialled by TCP
}

// carry opens the far end and carries both directions until both have ended.
func (r *relay) carry(ctx context.Context, near *net.TCPConn, absent chan<- struct{}) {
	way := r.way(near.RemoteAddr())
	there, back := r.links[way], r.links[way.Back()]
	opening, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	if !nap(opening, there.open(back)) || !r.gates.await(opening, way, way.Back()) {
		reset(near)
		return
	}
	far, err := r.dial(opening)
	if err != nil {
		reset(near)
		if outcome.Local(err) {
			return // nobody knows whether the far end is there
		}
		select {
		case absent <- struct{}{}:
		default:
		}
		return
	}
	defer context.AfterFunc(ctx, func() {
		reset(near)
		reset(far)
	})()
	if join(ctx, newLine(way, there, r.gates), newLine(way.Back(), back, r.gates), near, far) != nil {
		reset(near)
		reset(far)
		return
	}
	_ = near.Close()
	_ = far.Close()
}

// join runs both directions. An end that is gone takes the other with it at once; one that
// only takes no more is left until the other direction has ended too.
func join(ctx context.Context, there, back *line, near, far halfCloser) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ends := make(chan error, 2)
	go func() { ends <- there.run(ctx, near, far) }()
	go func() { ends <- back.run(ctx, far, near) }()
	first := <-ends
	if errors.Is(first, errGone) || ctx.Err() != nil {
		return first
	}
	return errors.Join(first, <-ends)
}

// reset ends a connection without the word of a proper end.
func reset(c *net.TCPConn) {
	_ = c.SetLinger(0)
	_ = c.Close()
}
