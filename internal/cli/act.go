package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/api/client"
	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/spec"
)

// confirm asks for the typed name, unless --yes was given.
func (w *world) confirm(yes bool, what, name string) error {
	if yes {
		return nil
	}
	w.note("%s\nType %s to go on:", what, name)
	text, err := bufio.NewReader(w.in).ReadString('\n')
	if strings.TrimSpace(text) != name {
		return &exitError{exitUsage, errors.Join(fmt.Errorf("not confirmed; nothing was done (--yes confirms without asking)"), ignoreEOF(err))}
	}
	return nil
}

func ignoreEOF(err error) error {
	if err != nil && err.Error() == "EOF" {
		return nil
	}
	return err
}

type begun struct {
	ID string `json:"id"`
}

func (w *world) faultCommand() *cobra.Command {
	c := &cobra.Command{Use: "fault", Short: "Break something on purpose, for a while"}
	c.AddCommand(w.faultInject(), w.faultKinds(), w.faultList(), w.faultClear())
	return c
}

func (w *world) faultInject() *cobra.Command {
	var length, reason string
	var yes, dry bool
	var kinds []string
	for _, k := range fact.FaultKinds() {
		kinds = append(kinds, k.Name)
	}
	c := &cobra.Command{Use: "inject KIND TARGET", Short: "Inject a fault that ends by itself", Args: cobra.ExactArgs(2),
		Long:    "Inject a fault. It is a lease: it ends by itself, even if everything of ours is killed.\nKinds: " + strings.Join(kinds, ", ") + ".",
		Example: "  fournines fault inject zone-kill us-east-1/a --for 30s --reason 'game day' --yes\n  fournines fault inject process-freeze us-east-1/b/redis --for 20s --reason test --yes\n  fournines fault inject region-partition-out us-east-1:us-west-2 --for 60s --reason 'game day' --yes",
		RunE: func(c *cobra.Command, args []string) error {
			d, err := spec.ParseDuration(length)
			if err != nil {
				return &exitError{exitUsage, fmt.Errorf("--for: %w", err)}
			}
			what := fmt.Sprintf("%s on %s for %s; it ends by itself, `fournines fault clear` ends it sooner", args[0], args[1], d)
			if dry {
				w.note("would inject %s", what)
				return nil
			}
			if err := w.confirm(yes, what, args[1]); err != nil {
				return err
			}
			client, err := w.client()
			if err != nil {
				return err
			}
			id := control.NewID("fault")
			in := map[string]any{"kind": args[0], "target": args[1], "seconds": d.D().Seconds(), "reason": reason}
			var b begun
			if err := client.Call(c.Context(), http.MethodPost, "/v1/faults", id, in, &b); err != nil {
				return err
			}
			o, err := w.await(c.Context(), client, id+"-inject")
			if err != nil {
				return err
			}
			return w.print(o, table{head: []string{"FAULT", "KIND", "TARGET", "STATE", "ERROR"}, rows: [][]string{{id, args[0], args[1], o.State, o.Error}}}, []string{id})
		}}
	f := c.Flags()
	f.StringVar(&length, "for", "30s", "how long it lasts, 10m at most")
	f.StringVar(&reason, "reason", "", "why; it is kept in the journal")
	f.BoolVar(&yes, "yes", false, "do not ask")
	f.BoolVar(&dry, "dry-run", false, "say what would be done, and do nothing")
	_ = c.MarkFlagRequired("reason") // it exists
	return c
}

// await returns the operation once it is over; a failed one is an error.
func (w *world) await(ctx context.Context, server *client.Client, id string) (api.Operation, error) {
	for {
		var o api.Operation
		err := server.Call(ctx, http.MethodGet, "/v1/operations/"+escape(id), "", nil, &o)
		switch {
		case err != nil && !client.Away(err):
			return o, err
		case err == nil && (o.State == "failed" || o.State == "rolled-back"):
			return o, fmt.Errorf("%s is %s: %s", o.ID, o.State, o.Error)
		case err == nil && o.State == "refused":
			return o, &exitError{exitRefused, errors.New(o.Error)}
		case err == nil && o.State == "waiting-approval":
			return o, &exitError{exitRefused, fmt.Errorf("%s waits for approval: fournines approve %s --reason …", o.ID, o.ID)}
		case err == nil && o.State == "succeeded":
			return o, nil
		}
		if err := nap(ctx, 150*time.Millisecond); err != nil {
			return o, err
		}
	}
}

func (w *world) faultList() *cobra.Command {
	return list[api.Fault]{
		use: "list", short: "List faults of the last hour", path: "/v1/faults",
		head: []string{"FAULT", "KIND", "TARGET", "STATE", "BEGUN", "UNTIL", "REASON"},
		row: func(f api.Fault) []string {
			return []string{f.ID, f.Kind, f.Target, f.State, since(f.Begun), f.Until.UTC().Format(time.TimeOnly), f.Reason}
		},
		name: func(f api.Fault) string { return f.ID },
	}.verb(w)
}

func (w *world) faultKinds() *cobra.Command {
	return &cobra.Command{Use: "kinds", Short: "List the kinds of faults: what each does, and what it may target", Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error {
		t := table{head: []string{"KIND", "TARGET", "DOES", "NEEDS"}}
		var names []string
		for _, k := range fact.FaultKinds() {
			target, needs := string(k.Reach), ""
			if k.Engine != "" {
				target = k.Engine + " " + target
			}
			if k.Servers {
				target += " or server"
			}
			if k.NetNS {
				needs = "--netns"
			}
			t.rows = append(t.rows, []string{k.Name, target, k.Does, needs})
			names = append(names, k.Name)
		}
		return w.print(client.Items[fact.FaultKind]{Items: fact.FaultKinds()}, t, names)
	}}
}

func (w *world) faultClear() *cobra.Command {
	return &cobra.Command{Use: "clear ID", Short: "End a fault before its time", Args: cobra.ExactArgs(1), RunE: func(c *cobra.Command, args []string) error {
		client, err := w.client()
		if err != nil {
			return err
		}
		if err := client.Call(c.Context(), http.MethodDelete, "/v1/faults/"+escape(args[0]), "", nil, nil); err != nil {
			return err
		}
		if _, err := w.await(c.Context(), client, args[0]+"-clear"); err != nil {
			return err
		}
		w.note("%s is over", args[0])
		return nil
	}}
}

func (w *world) switchoverCommand() *cobra.Command {
	var candidate string
	var d operationVerb
	c := &cobra.Command{Use: "switchover CLUSTER", Short: "Move a cluster's leader on purpose, without client errors", Args: cobra.ExactArgs(1),
		Example: "  fournines switchover us-east-1/postgres --reason 'kernel patch' --yes",
		RunE: func(c *cobra.Command, args []string) error {
			what := fmt.Sprintf("moves the leader of %s; clients wait at the edge for a moment", args[0])
			return d.begin(c.Context(), w, "switchover", args[0], what, "/v1/switchovers", map[string]any{"cluster": args[0], "candidate": candidate})
		}}
	c.Flags().StringVar(&candidate, "to", "", "component that shall lead; the most advanced by default")
	d.flags(c)
	return c
}

func (w *world) approveCommand() *cobra.Command {
	return w.decision("approve", "Let an operation that waits for approval run")
}
func (w *world) denyCommand() *cobra.Command {
	return w.decision("deny", "End an operation that waits for approval, without any effect")
}

func (w *world) decision(verb, short string) *cobra.Command {
	var reason string
	c := &cobra.Command{Use: verb + " ID", Short: short, Args: cobra.ExactArgs(1), RunE: func(c *cobra.Command, args []string) error {
		client, err := w.client()
		if err != nil {
			return err
		}
		if err := client.Call(c.Context(), http.MethodPost, "/v1/operations/"+escape(args[0])+"/"+verb, "", map[string]string{"reason": reason}, nil); err != nil {
			return err
		}
		w.note("%s: %s", args[0], verb)
		return nil
	}}
	c.Flags().StringVar(&reason, "reason", "", "why; it is kept in the journal")
	_ = c.MarkFlagRequired("reason") // it exists
	return c
}
