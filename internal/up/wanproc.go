package up

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/greenlang/fournines/internal/api/client"
	"github.com/greenlang/fournines/internal/assign"
	"github.com/greenlang/fournines/internal/driver/fault"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/place"
)

// RunWan is the network between regions until ctx ends. It goes on while the server is dead.
func RunWan(ctx context.Context, root string, log *slog.Logger) error {
	_, layout, err := place.LoadInstallation(root)
	if err != nil {
		return err
	}
	secrets, err := place.LoadSecrets(root)
	if err != nil {
		return err
	}
	client := client.NewClient(secrets.NodeToken, layout.ServerListens()...)
	n := assign.Between(layout)
	n.Log = log
	n.Cut = (&cuts{dir: assign.FaultsDir(root), layout: layout, log: log}).now
	n.Report = func(ctx context.Context, links []fact.Link) {
		ctx, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		_ = client.Call(ctx, http.MethodPost, "/wan/links", "", links, nil) // the next one says all of it again
	}
	return n.Run(ctx)
}

// cuts are the ways that faults cut, read from the leases of their guards: a lease ends at
// its time, even if processes die.
type cuts struct {
	dir    string
	layout place.Layout
	log    *slog.Logger

	changed time.Time // of the directory, when it was last read
	leases  []fault.Lease
}

func (c *cuts) now() []fact.Way {
	now := time.Now()
	if at := fault.Changed(c.dir); !at.Equal(c.changed) || now.Sub(at) < time.Second {
		leases, err := fault.Keeper{Dir: c.dir}.Active()
		if err != nil {
			c.log.Error("the faults of links cannot be read", "err", err)
			return nil
		}
		c.changed, c.leases = at, leases
	}
	var out []fact.Way
	for _, l := range c.leases {
		if !l.Holds(now) {
			continue
		}
		for _, text := range l.Links {
			if w, err := fact.ParseWay(text); err == nil { // the guard refuses others
				out = append(out, w)
			}
		}
	}
	return out
}
