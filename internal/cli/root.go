package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"os/user"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/greenlang/fournines/internal/api/client"
	"github.com/greenlang/fournines/internal/place"
)

// Version is set when the binary is built.
var Version = "dev"

// The exit codes.
const (
	exitOK        = 0
	exitFailed    = 1
	exitUsage     = 2
	exitObjective = 3
	exitRefused   = 4
	exitIntegrity = 5
)

// exitError carries an exit code other than 1.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}
func (e *exitError) Unwrap() error { return e.err }

// world is what every verb shares.
type world struct {
	in       io.Reader
	out, err io.Writer
	data     string // data directory
	server   string // address of the API
	output   string // -o
}

// Run carries out one command line and returns the exit code.
func Run(args []string, in io.Reader, out, errw io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	w := &world{in: in, out: out, err: errw}
	root := w.root()
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errw)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	if text := err.Error(); text != "" {
		_, _ = fmt.Fprintln(errw, "fournines: "+text) // nobody is left to tell
	}
	var exit *exitError
	var problem *client.Problem
	switch {
	case errors.As(err, &exit):
		return exit.code
	case errors.As(err, &problem) && problem.Status == 409:
		return exitRefused
	case strings.HasPrefix(err.Error(), "unknown "), strings.Contains(err.Error(), "arg(s)"), strings.Contains(err.Error(), "required flag"):
		return exitUsage
	}
	return exitFailed
}

func (w *world) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "fournines",
		Short: "Run a platform's operations at 99.99 %, and prove it",
		Long: "fournines runs the operations of a multi-region platform, and proves it.\n\n" +
			"Start with:\n  fournines up          bring the platform up on this machine\n  fournines status      see how it is\n  fournines drill zone-loss   kill a zone under load and watch it recover",
		SilenceErrors: true, SilenceUsage: true, Version: Version,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: false},
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &exitError{exitUsage, err} })
	f := root.PersistentFlags()
	f.StringVar(&w.data, "data", place.DefaultRoot(), "data directory of the installation (FOURNINES_DATA)")
	f.StringVar(&w.server, "server", os.Getenv("FOURNINES_SERVER"), "address of the API, or of each of several servers, separated by commas; the installation's by default (FOURNINES_SERVER)")
	f.StringVarP(&w.output, "output", "o", "table", "table, wide, json, yaml or name")
	root.AddGroup(&cobra.Group{ID: "run", Title: "Run:"}, &cobra.Group{ID: "see", Title: "See:"}, &cobra.Group{ID: "act", Title: "Act:"}, &cobra.Group{ID: "declare", Title: "Declare:"})
	for _, c := range []struct {
		group string
		cmd   *cobra.Command
	}{
		{"run", w.upCommand()}, {"run", w.downCommand()},
		{"see", w.statusCommand()}, {"see", w.watchCommand()}, {"see", w.readinessCommand()}, {"see", w.regionsCommand()}, {"see", w.linksCommand()}, {"see", w.serversCommand()}, {"see", w.operationsCommand()}, {"see", w.tasksCommand()}, {"see", w.journalCommand()}, {"see", w.evidenceCommand()}, {"see", w.witnessCommand()}, {"see", w.alertsCommand()}, {"see", w.archiveCommand()}, {"see", w.objectsCommand()},
		{"act", w.drillCommand()}, {"act", w.faultCommand()}, {"act", w.switchoverCommand()}, {"act", w.kafkaCommand()}, {"act", w.evacuateCommand()}, {"act", w.restoreCommand()}, {"act", w.routeCommand()}, {"act", w.approveCommand()}, {"act", w.denyCommand()}, {"act", w.personCommand()},
		{"declare", w.validateCommand()}, {"declare", w.planCommand()}, {"declare", w.costCommand()}, {"declare", w.schemaCommand()},
		{"", w.versionCommand()}, {"", w.serverCommand()}, {"", w.nodeCommand()}, {"", w.edgeCommand()}, {"", w.proberCommand()}, {"", w.wanCommand()}, {"", w.gateCommand()}, {"", w.etcdCommand()}, {"", w.guardCommand()},
	} {
		c.cmd.GroupID = c.group
		root.AddCommand(c.cmd)
	}
	return root
}

// client returns a client of the installation's server.
func (w *world) client() (*client.Client, error) {
	addresses := strings.Split(w.server, ",")
	if w.server == "" {
		_, layout, err := place.LoadInstallation(w.data)
		if errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("no platform runs from %s; start one with `fournines up`, or name a server with --server", w.data)
		}
		if err != nil {
			return nil, err
		}
		addresses = layout.ServerListens()
	}
	token := os.Getenv("FOURNINES_TOKEN")
	if token == "" {
		s, err := place.LoadSecrets(w.data)
		if err != nil {
			return nil, fmt.Errorf("%w; the server's token can also be given as FOURNINES_TOKEN", err)
		}
		token = s.Token
	}
	c := client.NewClient(token, addresses...)
	c.Actor = actor()
	return c, nil
}

// actor is who types, as far as this machine knows.
func actor() string {
	if name := os.Getenv("FOURNINES_ACTOR"); name != "" {
		return name
	}
	u, err := user.Current()
	if err != nil {
		return ""
	}
	return u.Username
}
