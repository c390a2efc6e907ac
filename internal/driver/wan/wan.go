package wan

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/greenlang/fournines/internal/fact"
)

// Network is all that lies between the regions of this machine.
type Network struct {
	Links    map[fact.Way]Link // every way that there is
	Relays   []Relay           // of connections
	Pulses   []Relay           // of datagrams, one for each way; Far is the region's station
	Stations map[string]string // region → address where it hears pulses

	Cut    func() []fact.Way                        // ways that are cut now; asked often
	Report func(ctx context.Context, f []fact.Link) // what is measured, once a second; it may block for a while
	Log    *slog.Logger                             // nil: nothing is logged
}

// The rhythm of a network.
const (
	cutEvery    = 100 * time.Millisecond
	reportEvery = time.Second
)

// Run carries everything until ctx ends. It fails when an address is not to be had.
func (n Network) Run(ctx context.Context) error {
	if err := n.validate(); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	g, t := &gates{}, newTracker(n.Links, time.Now())
	g.set(n.Cut()) // before anything is carried
	jobs, err := n.open(ctx, g, t)
	if err != nil {
		return err
	}
	jobs = append(jobs,
		func(ctx context.Context) error {
			for nap(ctx, cutEvery) {
				g.set(n.Cut())
			}
			return nil
		},
		func(ctx context.Context) error {
			for nap(ctx, reportEvery) {
				n.Report(ctx, t.facts(time.Now()))
			}
			return nil
		})
	var wg sync.WaitGroup
	errs := make(chan error, len(jobs))
	for _, job := range jobs {
		wg.Go(func() {
			err := job(ctx)
			if err != nil {
				cancel()
			}
			errs <- err
		})
	}
	wg.Wait()
	close(errs)
	var all []error
	for err := range errs {
		all = append(all, err)
	}
	return errors.Join(all...)
}

// open takes every address and returns what serves them.
func (n Network) open(ctx context.Context, g *gates, t *tracker) (jobs []func(context.Context) error, err error) {
	for _, r := range n.Relays {
		l, err := listen(ctx, r.Near)
		if err != nil {
			return nil, err
		}
		x := &relay{Relay: r, links: n.Links, gates: g, log: n.Log}
		jobs = append(jobs, func(ctx context.Context) error { return x.run(ctx, l) })
	}
	near := map[fact.Way]*net.UDPAddr{}
	for _, r := range n.Pulses {
		d := &datagrams{Relay: r, link: n.Links[r.Way], gates: g}
		if d.far, err = net.ResolveUDPAddr("udp", r.Far); err != nil {
			return nil, fmt.Errorf("read address of a pulse: %w", err)
		}
		if d.conn, err = listenPacket(ctx, r.Near); err != nil {
			return nil, err
		}
		near[r.Way] = d.conn.LocalAddr().(*net.UDPAddr) //nolint:forcetypeassert // it listens by UDP
		context.AfterFunc(ctx, func() { _ = d.conn.Close() })
		jobs = append(jobs, d.run)
	}
	for region, address := range n.Stations {
		s := &station{region: region, near: map[string]*net.UDPAddr{}, track: t}
		for w, a := range near {
			if w.From == region {
				s.near[w.To] = a
			}
		}
		if s.conn, err = listenPacket(ctx, address); err != nil {
			return nil, err
		}
		context.AfterFunc(ctx, func() { _ = s.conn.Close() })
		jobs = append(jobs, s.listen, s.tell)
	}
	return jobs, nil
}

func (n Network) validate() error {
	for w, l := range n.Links {
		if err := l.validate(); err != nil {
			return fmt.Errorf("link %s: %w", w, err)
		}
	}
	for _, r := range append(append([]Relay(nil), n.Relays...), n.Pulses...) {
		ways := []fact.Way{r.Way}
		if r.Sources != nil {
			ways = slices.Collect(maps.Values(r.Sources))
		}
		for _, w := range ways {
			_, there := n.Links[w]
			_, back := n.Links[w.Back()]
			if !there || !back {
				return fmt.Errorf("relay at %s: there is no link %s both ways", r.Near, w)
			}
		}
	}
	return nil
}
