package app

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/node"
	"github.com/greenlang/fournines/internal/probe/outside"
)

// Prober is the unit that asks the platform from outside every region.
const Prober = "prober"

// proberUnit is the prober of all vantage points of one machine. It keeps nothing on disk:
// what it has not told when it is killed is unknown for ever.
func proberUnit(l Layout, env []string) node.Unit {
	return node.Unit{Name: Prober, Argv: []string{l.Bin("fournines"), Prober, "--data", l.Root}, Env: env, Stop: "TERM", Grace: 5}
}

// RunProber asks from the vantage points of these names, or from all, until ctx ends.
func RunProber(ctx context.Context, root string, names []string, log *slog.Logger) error {
	_, layout, err := LoadInstallation(root)
	if err != nil {
		return err
	}
	secrets, err := LoadSecrets(root)
	if err != nil {
		return err
	}
	token := ""
	if layout.NetNS {
		token = secrets.App
	}
	points := layout.Points(token)
	var known []string
	for _, p := range points {
		known = append(known, p.Name)
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			return fmt.Errorf("this installation has no vantage point %q; it has %s: see spec.vantagePoints of its platform file", name, strings.Join(known, ", "))
		}
	}
	client := NewClient(secrets.NodeToken, layout.ServerListens()...)
	began := uint64(max(time.Now().Unix(), 1)) //nolint:gosec // positive
	var wg sync.WaitGroup
	for _, p := range points {
		if len(names) > 0 && !slices.Contains(names, p.Name) {
			continue
		}
		x := outside.New(p)
		wg.Go(func() { x.Run(ctx) })
		wg.Go(func() { tellOutside(ctx, client, p.Name, began, &x.Tally, log) })
	}
	wg.Wait()
	return nil
}

// OutsideReport is what a prober tells of one vantage point: the seconds that the server has
// not acknowledged, the oldest first, and since when it asks.
type OutsideReport struct {
	Asking  uint64               `json:"asking"` // Unix time
	Seconds []fact.OutsideSecond `json:"seconds"`
}

// tellOutside tells the server each second what it has not in its journal yet.
func tellOutside(ctx context.Context, client *Client, point string, began uint64, tally *outside.Tally, log *slog.Logger) {
	var ack Ack
	away := false
	for ctx.Err() == nil {
		short, cancel := context.WithTimeout(ctx, 5*time.Second)
		var next Ack
		err := client.Call(short, http.MethodPost, "/probers/"+url.PathEscape(point)+"/report", "", OutsideReport{Asking: began, Seconds: tally.Since(ack.Second)}, &next)
		cancel()
		if err == nil {
			ack = next
		}
		if now := err != nil && ctx.Err() == nil; now != away {
			away = now
			if away {
				log.Warn("the server does not take what was seen; ten minutes of it are kept", "point", point, "err", err)
			}
		}
		sleep(ctx, time.Second)
	}
}
