package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/greenlang/fournines/internal/app"
	"github.com/greenlang/fournines/internal/cli/verb"
	"github.com/greenlang/fournines/internal/driver/etcd"
	"github.com/greenlang/fournines/internal/driver/fault"
	"github.com/greenlang/fournines/internal/driver/job"
	"github.com/greenlang/fournines/internal/driver/kafka"
	"github.com/greenlang/fournines/internal/driver/redis"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/quorum"
	"github.com/greenlang/fournines/internal/up"
)

// The processes that `up` starts; in production their units start them.

// processes are the verbs that run a process of the platform in the foreground; `up` starts them.
type processes struct{ world }

func (w processes) logger() *slog.Logger {
	return slog.New(slog.NewJSONHandler(w.Err, &slog.HandlerOptions{Level: slog.LevelInfo}))
}

func (w processes) serverCommand() *cobra.Command {
	join := ""
	c := &cobra.Command{Use: "server [SEAT]", Short: "Run one server of the control plane: API, console, control loops, journal", Args: cobra.MaximumNArgs(1),
		Long:    "Run one server of the control plane. SEAT names one of several, such as us-east-1/server; the one that leads acts,\nthe others hold the same journal and answer for it. One that joins again takes what it lacks from the others.\n\nWith --join it runs on a machine of its own, and the invitation says which one it is. Everything between the machines\ngoes through one encrypted connection, which this machine opens. Once it has joined, the invitation is not looked at again.",
		Example: "  fournines servers invite us-west-2/server     # on the platform's machine\n  fournines server --join 'fournines://10.0.0.5:9443/us-west-2/server?key=…&secret=…'",
		RunE: func(c *cobra.Command, args []string) error {
			if c.Flags().Changed("join") {
				if len(args) > 0 {
					return verb.Exit(verb.Misused, errors.New("the invitation says which server this is; leave SEAT out with --join"))
				}
				return w.join(c.Context(), join)
			}
			seat := place.Server
			if len(args) > 0 {
				seat = args[0]
			}
			ctx, cancel := context.WithCancel(c.Context())
			defer cancel()
			s, err := app.OpenServer(ctx, w.Data, seat, Version, w.logger())
			if err != nil {
				return err
			}
			err = s.Serve(ctx)
			if errors.Is(err, quorum.ErrDeposed) {
				return err // at once: another server acts
			}
			cancel()
			return errors.Join(err, s.Close())
		}}
	c.Flags().StringVar(&join, "join", "", "`INVITATION` of fournines servers invite, or - to read it from standard input")
	return c
}

// join runs a server on a machine of its own.
func (w processes) join(ctx context.Context, invitation string) error {
	if invitation == "-" {
		b, err := io.ReadAll(io.LimitReader(w.In, 1<<12))
		if err != nil {
			return err
		}
		invitation = string(b)
	}
	root, err := filepath.Abs(w.Data)
	if err != nil {
		return err
	}
	return (&up.Joined{Root: root, Stderr: w.Err, Log: w.logger()}).Run(ctx, invitation)
}

func (w processes) gateCommand() *cobra.Command {
	return &cobra.Command{Use: "gate", Short: "Let servers on other machines join", Hidden: true, Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return up.RunGate(c.Context(), w.Data, w.logger()) }}
}

func (w processes) nodeCommand() *cobra.Command {
	return &cobra.Command{Use: "node REGION/ZONE", Short: "Run one zone's node: supervise its engines, probe, fence, inject faults", Args: cobra.ExactArgs(1),
		Long: "Run one zone's node. SIGTERM ends the node alone, and its engines live on for the next one;\nSIGINT ends the zone with its engines.",
		RunE: func(c *cobra.Command, args []string) error {
			var stop atomic.Bool
			ctx, cancel := context.WithCancel(context.WithoutCancel(c.Context()))
			defer cancel()
			signals := make(chan os.Signal, 2)
			signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
			go func() {
				stop.Store(<-signals == os.Interrupt)
				cancel()
			}()
			return up.RunNode(ctx, w.Data, args[0], stop.Load, w.logger())
		}}
}

func (w processes) edgeCommand() *cobra.Command {
	return &cobra.Command{Use: "edge REGION", Short: "Run a region's edge: proxy, breaker, leader-following listeners", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return up.RunEdge(c.Context(), w.Data, args[0], w.logger())
		}}
}

func (w processes) proberCommand() *cobra.Command {
	return &cobra.Command{Use: "prober [POINT…]", Short: "Ask the platform from outside every region as a customer does, from vantage points of the platform file",
		RunE: func(c *cobra.Command, args []string) error {
			return up.RunProber(c.Context(), w.Data, args, w.logger())
		}}
}

func (w processes) wanCommand() *cobra.Command {
	return &cobra.Command{Use: "wan", Short: "Be the network between the regions of one machine: its latency, its loss, its cuts", Hidden: true, Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return up.RunWan(c.Context(), w.Data, w.logger()) }}
}

func (w processes) etcdCommand() *cobra.Command {
	var m etcd.Member
	c := &cobra.Command{Use: "etcd", Short: "Run one etcd member", Hidden: true, Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return etcd.Run(c.Context(), m) }}
	f := c.Flags()
	f.StringVar(&m.Name, "name", "", "member name")
	f.StringVar(&m.Dir, "dir", "", "data directory")
	f.StringVar(&m.Client, "client", "", "URL for clients")
	f.StringVar(&m.Peer, "peer", "", "URL for peers")
	f.StringVar(&m.Cluster, "cluster", "", "NAME=PEER-URL,… of all members")
	f.StringVar(&m.Token, "token", "", "cluster token")
	f.StringVar(&m.Mark, "mark", "", "file that tells, once it is there, that the member has begun")
	f.StringSliceVar(&m.Others, "others", nil, "URLs for clients of the other members")
	return c
}

func (w processes) redisCommand() *cobra.Command {
	s := redis.Start{Env: os.Environ()}
	var password string
	c := &cobra.Command{Use: "redis -- REDIS-SERVER ARGUMENT…", Short: "Start one Redis server once it may, without its data only as a replica", Hidden: true, Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			b, err := os.ReadFile(password)
			if err != nil {
				return fmt.Errorf("read the password of Redis: %w", err)
			}
			s.Password, s.Argv = strings.TrimSpace(string(b)), args
			return s.Exec(c.Context())
		}}
	f := c.Flags()
	f.StringVar(&s.Home, "home", "", "its directory")
	f.StringVar(&s.Keep, "keep", "", "directory that survives the loss of the other one")
	f.StringVar(&s.Address, "address", "", "host:port where it serves")
	f.StringSliceVar(&s.Peers, "peers", nil, "host:port of the other servers")
	f.StringSliceVar(&s.Sentinels, "sentinels", nil, "host:port of all Sentinels")
	f.StringVar(&password, "password-file", "", "file with the password")
	return c
}

func (w processes) brokerCommand() *cobra.Command {
	s := kafka.Start{Env: os.Environ()}
	c := &cobra.Command{Use: "kafka-broker -- JAVA ARGUMENT…", Short: "Start one Kafka broker, which votes once it knows what the quorum has committed", Hidden: true, Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			s.Argv = args
			return s.Exec(c.Context())
		}}
	f := c.Flags()
	f.StringVar(&s.Home, "home", "", "its directory, with server.properties")
	f.StringVar(&s.Keep, "keep", "", "directory that survives the loss of the other one")
	f.Int32Var(&s.Node, "node", 0, "its number")
	f.StringVar(&s.Cluster, "cluster-id", "", "id of the cluster")
	f.StringSliceVar(&s.Others, "others", nil, "host:port of the other brokers")
	return c
}

func (w processes) guardCommand() *cobra.Command {
	return &cobra.Command{Use: "fault-guard LEASE", Short: "Inject one fault and take it back at its end", Hidden: true, Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return fault.Guard(context.WithoutCancel(c.Context()), args[0])
		}}
}

func (w processes) jobCommand() *cobra.Command {
	return &cobra.Command{Use: "job-run DIR", Short: "Run one job of a node to its end", Hidden: true, Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return job.Run(c.Context(), args[0]) }}
}

func (w world) versionCommand() *cobra.Command {
	return &cobra.Command{Use: "version", Short: "Print the version", Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error {
		return w.Print(map[string]string{"version": Version}, verb.Table{Head: []string{Version}}, []string{Version})
	}}
}
