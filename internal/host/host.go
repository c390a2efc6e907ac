package host

import (
	"context"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/greenlang/fournines/internal/driver/fault"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/node"
)

// Host keeps the installation in Root running.
type Host struct {
	Root  string
	Units []node.Unit // names are directories below Root
	Log   *slog.Logger
}

// Run starts or adopts every unit and keeps it so until ctx ends; then it stops
// them all if stop says so.
func (h Host) Run(ctx context.Context, keeper fault.Keeper) error {
	if err := keeper.Sweep(); err != nil {
		h.Log.Error("leases of faults could not be read", "err", err)
	}
	n := h.node()
	served := make(chan error, 1)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		served <- serveSwitch(ctx, h.Root, h.Log)
		cancel()
	}()
	if err := n.Run(ctx); err != nil {
		return err
	}
	return <-served
}

// Stop ends every unit and everything below it.
func (h Host) Stop(ctx context.Context) error { return h.node().StopUnits(ctx) }

func (h Host) node() *node.Node {
	a := node.Assignment{Units: h.Units}
	return node.New(node.Config{
		Dir: h.Root, Log: h.Log, Server: fixed{a}, Fresh: true,
		Host: node.Host{UID: -1, GID: -1, Held: func(home string) bool {
			return fault.ZoneDown(filepath.Clean(home), time.Now())
		}},
	})
}

// fixed is the server of a node whose assignment never changes.
type fixed struct{ a node.Assignment }

func (f fixed) Assignment(ctx context.Context, seen string) (node.Assignment, error) {
	f.a.Version = "fixed"
	if seen == f.a.Version {
		<-ctx.Done()
		return f.a, ctx.Err()
	}
	return f.a, nil
}

func (fixed) Post(context.Context, fact.Node) error { return nil }
