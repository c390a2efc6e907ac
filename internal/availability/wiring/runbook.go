package wiring

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/availability/door"
	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/runbook"
	"github.com/greenlang/fournines/internal/wing"
)

// The arguments that several actions have.
var (
	clusterArg = runbook.Arg{Name: "cluster", Type: runbook.Cluster, Does: "the cluster, as REGION/ENGINE"}
	regionArg  = runbook.Arg{Name: "region", Type: runbook.Region, Does: "the region"}
)

// runbooks are the wing as runbooks see it.
type runbooks struct{ *Wiring }

// actions returns what runbooks may ask of the wing.
func (w runbooks) actions() []runbook.Action {
	return slices.Concat(w.ofClusters(), w.ofRegions(), w.looks())
}

func (w runbooks) ofClusters() []runbook.Action {
	return []runbook.Action{
		{
			Name: availability.KindSwitchover, Does: "Moves a PostgreSQL cluster's leader; clients are held for a moment and meet no error.",
			Args:    []runbook.Arg{clusterArg, {Name: "candidate", Type: runbook.Text, Does: "component that shall lead; the most advanced by default", Optional: true}},
			Reaches: true, Least: time.Second, Command: "fournines switchover {cluster} [--candidate {candidate}] --reason …",
			Make: func(_ context.Context, a runbook.Ask) (control.Action, error) {
				cluster := a.Values["cluster"]
				return a.NewAction(availability.KindSwitchover, cluster, availability.SwitchoverArgs{Cluster: cluster, Candidate: a.Values["candidate"]})
			},
		},
		{
			Name: availability.KindRedisSwitchover, Does: "Moves a Redis master to a replica that Sentinel chooses.",
			Args: []runbook.Arg{clusterArg}, Reaches: true, Least: time.Second, Command: "fournines switchover {cluster} --reason …",
			Make: func(_ context.Context, a runbook.Ask) (control.Action, error) {
				cluster := a.Values["cluster"]
				return a.NewAction(availability.KindRedisSwitchover, cluster, availability.SwitchoverArgs{Cluster: cluster})
			},
		},
		{
			Name: availability.KindKafkaRestart, Does: "Restarts a region's brokers one after another, each only while the others serve everything.",
			Args: []runbook.Arg{regionArg}, Reaches: true, Least: 10 * time.Second, Command: "fournines kafka restart {region} --reason …",
			Make: func(_ context.Context, a runbook.Ask) (control.Action, error) {
				cluster := place.Cluster(a.Values["region"], place.Kafka)
				return a.NewAction(availability.KindKafkaRestart, cluster, availability.KafkaRestartArgs{Cluster: cluster})
			},
		},
		{
			Name: "kafka.resume", Does: "Copies a topic to the partner region again that was set aside because it stopped the mirror.",
			Args:    []runbook.Arg{regionArg, {Name: "topic", Type: runbook.Text, Does: "the topic"}},
			Reaches: true, Least: time.Second, Command: "fournines kafka resume {region} {topic} --reason …",
			Make: func(_ context.Context, a runbook.Ask) (control.Action, error) {
				mirror, args, err := w.resumption(door.ResumeRequest{Region: a.Values["region"], Topic: a.Values["topic"]})
				if err != nil {
					return control.Action{}, err
				}
				return a.NewAction(availability.KindSteer, mirror, args)
			},
		},
	}
}

func (w runbooks) ofRegions() []runbook.Action {
	move := func(kind string) func(context.Context, runbook.Ask) (control.Action, error) {
		return func(ctx context.Context, a runbook.Ask) (control.Action, error) {
			q := door.MoveRequest{Region: a.Values["region"], Mode: a.Values["mode"], AcceptLoss: a.Values["accept_loss"] == "true", Dark: a.Values["region_is_dark"] == "true"}
			if kind == availability.KindRestore {
				q.Mode = availability.Graceful
			}
			args, err := w.moveArgs(ctx, kind, q)
			if err != nil {
				return control.Action{}, err
			}
			return a.NewAction(kind, availability.HomeSubject(args.Home), args)
		}
	}
	return []runbook.Action{
		{
			Name: availability.KindEvacuate, Does: "Has a region's customers served by its partner.",
			Args: []runbook.Arg{
				regionArg,
				{Name: "mode", Type: runbook.Text, Does: "graceful or ungraceful; graceful where the region answers, by default", Optional: true},
				{Name: "accept_loss", Type: runbook.Boolean, Does: "go on although more could be lost than the target allows", Optional: true},
				{Name: "region_is_dark", Type: runbook.Boolean, Does: "somebody vouches that the region is without power", Optional: true},
			},
			Reaches: true, Destroys: true, Least: time.Second, Command: "fournines evacuate {region} [--mode {mode}] --reason …",
			Make: move(availability.KindEvacuate),
		},
		{
			Name: availability.KindRestore, Does: "Brings a region's customers home, without loss.",
			Args: []runbook.Arg{regionArg}, Reaches: true, Destroys: true, Least: time.Second, Command: "fournines restore {region} --reason …",
			Make: move(availability.KindRestore),
		},
		{
			Name: availability.KindRoute, Does: "Sets a region's routing switch; it is refused where no region would be left to answer.",
			Args:    []runbook.Arg{regionArg, {Name: "to", Type: runbook.Text, Does: "on: resolvers are sent there; off: they are not"}},
			Reaches: true, Command: "fournines route set {region} {to} --reason …",
			Make: func(_ context.Context, a runbook.Ask) (control.Action, error) {
				to := a.Values["to"]
				if to != "on" && to != "off" {
					return control.Action{}, fmt.Errorf("a routing switch is on or off, and not %q", to)
				}
				args := availability.RouteArgs{Region: a.Values["region"], On: to == "on"}
				return a.NewAction(availability.KindRoute, "route/"+args.Region, args)
			},
		},
	}
}

func (w runbooks) looks() []runbook.Action {
	return []runbook.Action{
		{
			Name: "cluster.look", Does: "Sees whether a cluster could fail over now, to which member, and if not why not.",
			Args: []runbook.Arg{clusterArg}, Command: "fournines readiness",
			Look: func(_ context.Context, v map[string]string) (any, error) { return w.readinessOf(v["cluster"]) },
		},
		{
			Name: "cluster.ready", Does: "Demands that a cluster could fail over now.",
			Args: []runbook.Arg{clusterArg}, Command: "fournines readiness",
			Look: func(_ context.Context, v map[string]string) (any, error) {
				r, err := w.readinessOf(v["cluster"])
				if err == nil && !r.Ready {
					err = fmt.Errorf("%s could not fail over now: %s", r.Cluster, strings.Join(r.Reasons, "; "))
				}
				return r, err
			},
		},
		{
			Name: "home.look", Does: "Sees which region serves a region's customers, and whether they could be moved now.",
			Args: []runbook.Arg{regionArg}, Command: "fournines regions",
			Look: func(ctx context.Context, v map[string]string) (any, error) { return w.homeSeen(ctx, v["region"]) },
		},
		{
			Name: "home.served", Does: "Demands that a region's customers are served by a certain region.",
			Args:    []runbook.Arg{regionArg, {Name: "by", Type: runbook.Region, Does: "the region that shall serve them"}},
			Command: "fournines regions",
			Look: func(ctx context.Context, v map[string]string) (any, error) {
				h, err := w.homeSeen(ctx, v["region"])
				if err == nil && h.Serving != v["by"] {
					err = fmt.Errorf("the customers of %s are served by %s, and not by %s", h.Region, h.Serving, v["by"])
				}
				return h, err
			},
		},
		{
			Name: "route.look", Does: "Sees whether resolvers are sent to a region, and whether another would be left to answer.",
			Args: []runbook.Arg{regionArg}, Command: "fournines route list",
			Look: func(ctx context.Context, v map[string]string) (any, error) {
				all, err := w.Routes(ctx)
				if err != nil {
					return nil, err
				}
				for _, r := range all {
					if r.Region == v["region"] {
						return map[string]any{"on": r.On, "open": r.Open, "spare": r.Spare, "why": r.Why}, nil
					}
				}
				return nil, fmt.Errorf("this installation does not run region %q: %w", v["region"], api.ErrNotFound)
			},
		},
		{
			Name: "mirror.look", Does: "Sees how far a region's topics are copied to its partner, and which are set aside.",
			Args: []runbook.Arg{regionArg}, Command: "fournines kafka mirrors",
			Look: func(_ context.Context, v map[string]string) (any, error) { return w.mirrorSeen(v["region"]) },
		},
	}
}

func (w runbooks) readinessOf(cluster string) (api.Readiness, error) {
	at, err := fact.Cluster(cluster)
	if err != nil {
		return api.Readiness{}, err
	}
	r, ok := w.house.Layout.Platform.Region(at.Region)
	if _, runs := w.regions[at.Region]; !ok || !runs {
		return api.Readiness{}, fmt.Errorf("this installation does not run region %q: %w", at.Region, api.ErrNotFound)
	}
	if w.house.Blinded(w.house.Now()) {
		return api.Readiness{}, fmt.Errorf("this server has looked for less than %s: too little is known of %s", wing.Blind, cluster)
	}
	for _, x := range w.RegionStatus(r, w.house.Now()).Readiness {
		if x.Cluster == cluster {
			return x, nil
		}
	}
	return api.Readiness{}, fmt.Errorf("%s is no cluster that could fail over: %w", cluster, api.ErrNotFound)
}

// homeSeen is a home as runbooks see it.
type homeSeen struct {
	Region  string   `json:"region"`
	Serving string   `json:"serving"`
	Partner string   `json:"partner"`
	Home    bool     `json:"home"` // the region itself serves them
	Ready   bool     `json:"ready"`
	Reasons []string `json:"reasons"`
	Mode    string   `json:"mode"`
}

func (w runbooks) homeSeen(ctx context.Context, region string) (homeSeen, error) {
	all, err := w.Homes(ctx)
	if err != nil {
		return homeSeen{}, err
	}
	for _, h := range all {
		if h.Region == region {
			r, _ := w.house.Layout.Platform.Region(region)
			return homeSeen{Region: region, Serving: h.Serving, Partner: r.Pair, Home: h.Serving == region, Ready: h.Plan.Ready, Reasons: h.Plan.Reasons, Mode: h.Plan.Mode}, nil
		}
	}
	return homeSeen{}, fmt.Errorf("%q is no home that is served here: %w", region, api.ErrNotFound)
}

// mirrorSeen is a mirror as runbooks see it.
type mirrorSeen struct {
	From  string   `json:"from"`
	To    string   `json:"to"`
	Aside []string `json:"aside"` // topics
}

func (w runbooks) mirrorSeen(region string) (mirrorSeen, error) {
	for way := range w.progress {
		if way.From != region {
			continue
		}
		aside, err := steered{w.mirrors}.Aside(way.From, way.To)
		out := mirrorSeen{From: way.From, To: way.To, Aside: []string{}}
		for _, s := range aside {
			out.Aside = append(out.Aside, s.Topic)
		}
		return out, err
	}
	return mirrorSeen{}, fmt.Errorf("no topics of %q are copied here: %w", region, api.ErrNotFound)
}
