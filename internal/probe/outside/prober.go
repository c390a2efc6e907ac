package outside

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/probe"
	"github.com/greenlang/fournines/internal/probe/outcome"
)

// The stages of a request, in order.
const (
	StageName    = "name"
	StageConnect = "connect"
	StageRead    = "read"
	StageWrite   = "write"
)

// Patience is how long a customer waits for one request, names and connecting included: as
// long as the edges keep work waiting for a new leader. What is served later has failed.
const Patience = 10 * time.Second

// nameTimeout is how long one name server may take, connectTimeout one edge.
const (
	nameTimeout    = time.Second
	connectTimeout = 3 * time.Second
)

// Home is a region whose customers are stood for.
type Home struct {
	Name  string
	Cells []int // asked in turn, one a second
}

// Point is one vantage point.
type Point struct {
	Name        string
	NameServers []string     // host:port
	Network     netip.Prefix // of its customers; zero: none is told
	Service     string       // name that is asked for
	Port        int          // of the edges
	ReadPath    string       // asked by GET
	WritePath   string       // asked by PUT
	Token       string       // of the application, where it wants one
	Homes       []Home
}

// Prober asks from one vantage point.
type Prober struct {
	Tally Tally

	point    Point
	resolver *resolver
	still    probe.Standstill
}

// New returns a prober that has not begun.
func New(p Point) *Prober {
	return &Prober{point: p, resolver: &resolver{servers: p.NameServers, network: p.Network, timeout: nameTimeout}}
}

// Run asks until ctx ends. No second waits for another.
func (x *Prober) Run(ctx context.Context) {
	go x.still.Watch(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for {
		x.second(ctx, &wg, time.Now())
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

func (x *Prober) second(ctx context.Context, wg *sync.WaitGroup, now time.Time) {
	seq := uint64(max(now.Unix(), 1)) //nolint:gosec // positive
	if !x.Tally.Begin(seq, len(x.point.Homes)) {
		return
	}
	for _, h := range x.point.Homes {
		wg.Go(func() { x.Tally.Add(seq, x.ask(ctx, h, seq)) })
	}
}

// stageError says at which stage a request failed.
type stageError struct {
	stage string
	err   error
}

func (e *stageError) Error() string { return e.err.Error() }

// Unwrap returns the cause.
func (e *stageError) Unwrap() error { return e.err }

// ask makes one request in the name of a home's customers.
func (x *Prober) ask(ctx context.Context, h Home, seq uint64) fact.OutsideHome {
	begun := time.Now()
	out := fact.OutsideHome{Home: h.Name, Cell: -1}
	if len(h.Cells) > 0 {
		out.Cell = h.Cells[seq%uint64(len(h.Cells))]
	}
	limited, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	err := x.request(limited, http.MethodGet, x.point.ReadPath, StageRead, &out)
	if err == nil && x.point.WritePath != "" {
		err = x.request(limited, http.MethodPut, x.point.WritePath, StageWrite, &out)
	}
	out.Seconds = time.Since(begun).Seconds()
	if err != nil {
		out.Error, out.Failed = err.Error(), StageRead
		if s, ok := errors.AsType[*stageError](err); ok {
			out.Failed, out.Error = s.stage, s.Error()
		}
		// It says nothing about the platform that we stood still, are about to end, or lack
		// what we need to ask.
		out.Unknown = x.still.Since(begun) || ctx.Err() != nil || outcome.Local(err)
	}
	return out
}

// request makes one request over a new connection, because an old one tells nothing about
// an edge that takes no new ones.
func (x *Prober) request(ctx context.Context, method, path, stage string, out *fact.OutsideHome) error {
	req, err := http.NewRequestWithContext(ctx, method, "http://"+net.JoinHostPort(x.point.Service, strconv.Itoa(x.point.Port))+path, http.NoBody)
	if err != nil {
		return err
	}
	req.Close = true
	req.Header.Set("X-Cell", strconv.Itoa(out.Cell))
	if x.point.Token != "" {
		req.Header.Set("Authorization", "Bearer "+x.point.Token)
	}
	conn, err := x.connect(ctx, out)
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	defer conn.Close() //nolint:errcheck // all was read
	if err := roundTrip(req, conn); err != nil {
		return &stageError{stage, errors.Join(err, ctx.Err())}
	}
	return nil
}

func roundTrip(req *http.Request, conn net.Conn) error {
	if err := req.Write(conn); err != nil {
		return fmt.Errorf("send the request: %w", err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), req)
	if err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	defer resp.Body.Close() //nolint:errcheck // the connection is thrown away
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<16))
	if err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("answers %s: %.200s", resp.Status, text)
	}
	return nil
}

// connect asks for the name and connects to the first address that takes it.
func (x *Prober) connect(ctx context.Context, out *fact.OutsideHome) (net.Conn, error) {
	addresses, err := x.resolver.lookup(ctx, x.point.Service, time.Now())
	if err != nil {
		return nil, &stageError{StageName, err}
	}
	d := net.Dialer{Timeout: connectTimeout}
	var errs []error
	for _, out.Address = range addresses {
		conn, err := d.DialContext(ctx, "tcp", net.JoinHostPort(out.Address, strconv.Itoa(x.point.Port)))
		if err == nil {
			return conn, nil
		}
		errs = append(errs, err)
	}
	return nil, &stageError{StageConnect, errors.Join(errs...)}
}
