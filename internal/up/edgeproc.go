package up

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"
	"time"

	"github.com/greenlang/fournines/internal/api/client"
	"github.com/greenlang/fournines/internal/assign"
	"github.com/greenlang/fournines/internal/board"
	"github.com/greenlang/fournines/internal/edge"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/wait"
)

// RunEdge runs a region's edge until ctx ends. It serves with the server dead, from
// the last configuration on its disk.
func RunEdge(ctx context.Context, root, region string, log *slog.Logger) error {
	_, layout, err := place.LoadInstallation(root)
	if err != nil {
		return err
	}
	if err := layout.RunsRegion(region); err != nil { // before anything of it is laid down
		return err
	}
	secrets, err := place.LoadSecrets(root)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(layout.EdgeDir(region), assign.RedisPasswordFile), []byte(secrets.Redis+"\n"), 0o600); err != nil {
		return fmt.Errorf("keep redis password for the edge: %w", err)
	}
	debug.SetGCPercent(edge.GCPercent)
	e := edge.New(edge.Options{Dir: layout.EdgeDir(region), Logger: log})
	x := &edgeProc{edge: e, client: client.NewClient(secrets.NodeToken, layout.ServerListens()...), region: region, log: log, cuts: map[assign.Cut]bool{}, done: make(chan struct{}, 1)}
	if err := e.Start(); err != nil {
		log.Error("the last configuration cannot be served; waiting for the server", "err", err)
	}
	var wg sync.WaitGroup
	wg.Go(func() { x.follow(ctx) })
	wg.Go(func() { x.report(ctx) })
	err = e.Run(ctx)
	wg.Wait()
	return err
}

// edgeProc carries directives out and reports.
type edgeProc struct {
	edge   *edge.Edge
	client *client.Client
	region string
	log    *slog.Logger

	mu      sync.Mutex // guards what follows
	version string     // of the directive carried out
	cuts    map[assign.Cut]bool
	held    map[string]time.Time // until when services are held
	done    chan struct{}        // a token when a directive was carried out
}

func (x *edgeProc) follow(ctx context.Context) {
	seen := ""
	for ctx.Err() == nil {
		var d assign.Directive
		short, cancel := context.WithTimeout(ctx, client.LongPoll+5*time.Second)
		err := x.client.Call(short, http.MethodGet, "/edges/"+x.region+"/directive?seen="+url.QueryEscape(seen), "", nil, &d)
		cancel()
		if err == nil && d.Version != seen {
			if err = x.carryOut(d); err == nil {
				seen = d.Version
				continue
			}
			x.log.Error("directive could not be carried out", "version", d.Version, "err", err)
		}
		if err != nil {
			wait.Sleep(ctx, 500*time.Millisecond)
		}
	}
}

// carryOut makes the edge as the directive says. Cuts come first: they keep data safe.
func (x *edgeProc) carryOut(d assign.Directive) error {
	if d.Config.Version > x.edge.ReportSince(0, 0).Version {
		if err := x.edge.Apply(d.Config); err != nil && !errors.Is(err, edge.ErrOlder) {
			return err
		}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	wanted := map[assign.Cut]bool{}
	for _, c := range d.Cuts {
		wanted[c] = true
		if x.cuts[c] {
			continue
		}
		closed, err := x.edge.Cut(c.Service, c.Member, c.Reason)
		if err != nil {
			return err
		}
		x.log.Warn("member cut off", "service", c.Service, "member", c.Member, "reason", c.Reason, "sessions", closed)
	}
	for c := range x.cuts {
		if !wanted[c] {
			if err := x.edge.Uncut(c.Service, c.Member); err != nil {
				return err
			}
		}
	}
	x.cuts = wanted
	if err := x.hold(d.Holds); err != nil {
		return err
	}
	x.version = d.Version
	select {
	case x.done <- struct{}{}:
	default:
	}
	return nil
}

func (x *edgeProc) hold(orders []assign.HoldOrder) error {
	held := map[string]time.Time{}
	for _, h := range orders {
		held[h.Service] = h.Until
		if h.Until.After(x.held[h.Service]) { // also one that is extended
			if err := x.edge.Hold(h.Service, time.Until(h.Until)); err != nil {
				return err
			}
		}
	}
	for service := range x.held {
		if held[service].IsZero() {
			if err := x.edge.Release(service); err != nil {
				return err
			}
		}
	}
	x.held = held
	return nil
}

// report tells the server each second, and at once when a directive was carried out.
func (x *edgeProc) report(ctx context.Context) {
	var ack board.Ack
	for ctx.Err() == nil {
		x.mu.Lock()
		version, pause := x.version, time.Second
		if len(x.held) > 0 { // somebody waits for the last work under way
			pause = 100 * time.Millisecond
		}
		x.mu.Unlock()
		f := board.EdgeFact{Report: x.edge.ReportSince(ack.Second, ack.Event), Directive: version}
		short, cancel := context.WithTimeout(ctx, 2*time.Second)
		var next board.Ack
		if err := x.client.Call(short, http.MethodPost, "/edges/"+x.region+"/report", "", f, &next); err == nil {
			ack = next
		}
		cancel()
		select {
		case <-ctx.Done():
		case <-x.done:
		case <-time.After(pause):
		}
	}
}
