package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/greenlang/fournines/internal/app"
	availability "github.com/greenlang/fournines/internal/availability/door"
	chaos "github.com/greenlang/fournines/internal/chaos/door"
	"github.com/greenlang/fournines/internal/cli/verb"
	compliance "github.com/greenlang/fournines/internal/compliance/door"
	"github.com/greenlang/fournines/internal/place"
	recovery "github.com/greenlang/fournines/internal/recovery/door"
	runbook "github.com/greenlang/fournines/internal/runbook/door"
	schedule "github.com/greenlang/fournines/internal/schedule/door"
)

// Version is set when the binary is built.
var Version = "dev"

// world is what the verbs of no wing share.
type world struct{ *verb.World }

// Verbs returns verbs of the command line over what all verbs share.
type Verbs func(*verb.World) []verb.Grouped

// doors are the wings' verbs.
func doors() []Verbs {
	runbooks := func(w *verb.World) []verb.Grouped { return runbook.Verbs(w, app.RunbookActions) }
	return []Verbs{availability.Verbs, recovery.Verbs, chaos.Verbs, compliance.Verbs, runbooks, schedule.Verbs}
}

// Run carries out one command line and returns the exit code. The verbs of more stand beside
// our own.
func Run(args []string, in io.Reader, out, errw io.Writer, more ...Verbs) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root := newRoot(&verb.World{In: in, Out: out, Err: errw}, more...)
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errw)
	err := root.ExecuteContext(ctx)
	if err != nil {
		_, _ = fmt.Fprintln(errw, "fournines: "+err.Error()) // nobody is left to tell
	}
	return verb.Code(err)
}

// newRoot returns the tree of all commands.
func newRoot(shared *verb.World, more ...Verbs) *cobra.Command {
	root := &cobra.Command{
		Use:   "fournines",
		Short: "Run a platform's operations at 99.99 %, and prove it",
		Long: "fournines runs the operations of a multi-region platform, and proves it.\n\n" +
			"Start with:\n  fournines up          bring the platform up on this machine\n  fournines status      see how it is\n  fournines drill zone-loss   kill a zone under load and watch it recover",
		SilenceErrors: true, SilenceUsage: true, Version: Version,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: false},
	}
	f := root.PersistentFlags()
	f.StringVar(&shared.Data, "data", place.DefaultRoot(), "data directory of the installation (FOURNINES_DATA)")
	f.StringVar(&shared.Server, "server", os.Getenv("FOURNINES_SERVER"), "address of the API, or of each of several servers, separated by commas; the installation's by default (FOURNINES_SERVER)")
	f.StringVarP(&shared.Output, "output", "o", "table", "table, wide, json, yaml or name")
	root.AddGroup(&cobra.Group{ID: "run", Title: "Run:"}, &cobra.Group{ID: "see", Title: "See:"}, &cobra.Group{ID: "act", Title: "Act:"}, &cobra.Group{ID: "declare", Title: "Declare:"})
	all := world{shared}.verbs()
	for _, verbs := range append(doors(), more...) {
		all = append(all, verbs(shared)...)
	}
	for _, g := range all {
		above := root
		if g.Under != "" {
			above = below(root, g.Under)
		}
		g.Command.GroupID = g.Group
		above.AddCommand(g.Command)
	}
	verb.Guard(root, shared)
	return root
}

// below returns the verb of that name.
func below(root *cobra.Command, name string) *cobra.Command {
	for _, c := range root.Commands() {
		if c.Name() == name {
			return c
		}
	}
	panic("a verb is to stand under " + name + ", which is no verb: list it after " + name)
}

// verbs are those that belong to no wing.
func (w world) verbs() []verb.Grouped {
	p := processes{w}
	return []verb.Grouped{
		{Group: "run", Command: w.upCommand()}, {Group: "run", Command: w.downCommand()},
		{Group: "see", Command: w.statusCommand()}, {Group: "see", Command: w.watchCommand()}, {Group: "see", Command: w.serversCommand()},
		{Group: "see", Command: w.operationsCommand()}, {Group: "see", Command: w.tasksCommand()}, {Group: "see", Command: w.journalCommand()},
		{Group: "see", Command: w.evidenceCommand()}, {Group: "see", Command: w.alertsCommand()},
		{Group: "act", Command: w.drillCommand()}, {Group: "act", Command: w.approveCommand()}, {Group: "act", Command: w.denyCommand()}, {Group: "act", Command: w.acknowledgeCommand()},
		{Group: "declare", Command: w.validateCommand()}, {Group: "declare", Command: w.planCommand()}, {Group: "declare", Command: w.costCommand()}, {Group: "declare", Command: w.schemaCommand()},
		{Command: w.versionCommand()}, {Command: p.serverCommand()}, {Command: p.nodeCommand()}, {Command: p.edgeCommand()}, {Command: p.proberCommand()},
		{Command: p.wanCommand()}, {Command: p.gateCommand()}, {Command: p.etcdCommand()}, {Command: p.redisCommand()}, {Command: p.brokerCommand()}, {Command: p.guardCommand()}, {Command: p.jobCommand()}, {Command: p.backupCommand()}, {Command: p.restoreCommand()}, {Command: p.enterCommand()}, {Command: p.fetchCommand()},
	}
}
