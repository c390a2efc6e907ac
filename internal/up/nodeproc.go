package up

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"path/filepath"
	"time"

	"github.com/greenlang/fournines/internal/api/client"
	"github.com/greenlang/fournines/internal/assign"
	"github.com/greenlang/fournines/internal/driver/fault"
	"github.com/greenlang/fournines/internal/driver/patroni"
	"github.com/greenlang/fournines/internal/driver/postgres"
	"github.com/greenlang/fournines/internal/driver/process"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/node"
	"github.com/greenlang/fournines/internal/place"
)

// RunNode runs the node of a zone until ctx ends. With stop its units are then ended
// as well; without, they live on for the next node.
func RunNode(ctx context.Context, root, zone string, stop func() bool, log *slog.Logger) error {
	_, layout, err := place.LoadInstallation(root)
	if err != nil {
		return err
	}
	at, err := layout.RunsZone(zone) // before anything of it is laid down
	if err != nil {
		return err
	}
	secrets, err := place.LoadSecrets(root)
	if err != nil {
		return err
	}
	if err := process.Own(root); err != nil {
		return err
	}
	host, err := node.ThisHost()
	if err != nil {
		return err
	}
	region, name := at.Region, at.Zone
	dir := layout.Dir(region, name)
	in := injector{keeper: assign.FaultKeeper(root), zone: dir}
	if layout.NetNS {
		plan, err := assign.Namespaces(layout, region)
		if err != nil {
			return err
		}
		in.netns = plan.Path(name)
	}
	if err := in.keeper.Sweep(); err != nil {
		log.Error("leases of faults could not be read", "err", err)
	}
	n := node.New(node.Config{
		Dir: dir, Host: host, Log: log,
		Server: nodeServer{client.NewClient(secrets.NodeToken, layout.ServerAddresses(region)...), "/nodes/" + zone},
		Prober: postgres.Prober{Observer: zone, User: patroni.ProbeUser, Password: secrets.Probe, Database: "postgres"},
		Faults: in, Runner: []string{layout.Bin("fournines"), "job-run"},
	})
	if err := n.Run(ctx); err != nil {
		return err
	}
	if !stop() {
		return nil
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	return n.StopUnits(ending)
}

// injector makes a node's leases come true on this machine.
type injector struct {
	keeper fault.Keeper
	zone   string // directory
	netns  string // path of the zone's network namespace, empty: it has none
}

func (x injector) Ensure(_ context.Context, l node.Lease) (bool, error) {
	dir := x.zone
	if k, _ := fact.FaultKindNamed(l.Kind); k.OfRegion() {
		dir = filepath.Dir(dir)
	}
	return x.keeper.Ensure(fault.Lease{ID: l.ID, Kind: l.Kind, Zone: dir, Unit: l.Target, Until: l.Until, Peers: l.Peers, Links: l.Links, NetNS: x.netns}, l.Ended)
}

// nodeServer is the server as a node calls it.
type nodeServer struct {
	client *client.Client
	path   string
}

func (n nodeServer) Assignment(ctx context.Context, seen string) (node.Assignment, error) {
	ctx, cancel := context.WithTimeout(ctx, client.LongPoll+5*time.Second)
	defer cancel()
	var a node.Assignment
	err := n.client.Call(ctx, http.MethodGet, n.path+"/assignment?seen="+url.QueryEscape(seen), "", nil, &a)
	return a, err
}

func (n nodeServer) Post(ctx context.Context, f fact.Node) error {
	return n.client.Call(ctx, http.MethodPost, n.path+"/facts", "", f, nil)
}
