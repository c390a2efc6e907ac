package up

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/greenlang/fournines/internal/api/client"
	"github.com/greenlang/fournines/internal/assign"
	"github.com/greenlang/fournines/internal/board"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/probe/outside"
	"github.com/greenlang/fournines/internal/spec"
	"github.com/greenlang/fournines/internal/wait"
)

// RunProber asks from the vantage points of these names, or from all, until ctx ends.
func RunProber(ctx context.Context, root string, names []string, log *slog.Logger) error {
	_, layout, err := place.LoadInstallation(root)
	if err != nil {
		return err
	}
	secrets, err := place.LoadSecrets(root)
	if err != nil {
		return err
	}
	token := ""
	if layout.NetNS {
		token = secrets.App
	}
	points := assign.Points(layout, token)
	var known []string
	for _, p := range points {
		known = append(known, p.Name)
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			return fmt.Errorf("%w: see spec.vantagePoints of the platform file", &spec.NoneOfError{What: "vantage point", Value: name, Has: known})
		}
	}
	client := client.NewClient(secrets.NodeToken, layout.ServerListens()...)
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

// tellOutside tells the server each second what it has not in its journal yet.
func tellOutside(ctx context.Context, client *client.Client, point string, began uint64, tally *outside.Tally, log *slog.Logger) {
	var ack board.Ack
	away := false
	for ctx.Err() == nil {
		short, cancel := context.WithTimeout(ctx, 5*time.Second)
		var next board.Ack
		err := client.Call(short, http.MethodPost, "/probers/"+url.PathEscape(point)+"/report", "", board.OutsideReport{Asking: began, Seconds: tally.Since(ack.Second)}, &next)
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
		wait.Sleep(ctx, time.Second)
	}
}
