package door

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/cli/verb"
	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/spec"
)

// verbs are how people at a terminal reach the wing.
type verbs struct{ *verb.World }

// Verbs returns the wing's verbs for the command line.
func Verbs(w *verb.World) []verb.Grouped {
	v := verbs{w}
	c := &cobra.Command{Use: "fault", Short: "Break something on purpose, for a while"}
	c.AddCommand(v.inject(), v.kinds(), v.list(), v.clear())
	return []verb.Grouped{{Group: "act", Command: c}}
}

func (v verbs) inject() *cobra.Command {
	length := ""
	c := verb.Action{
		Use: "inject KIND TARGET", Short: "Inject a fault that ends by itself", Args: cobra.ExactArgs(2), Confirms: true,
		Long:    "Inject a fault. It is a lease: it ends by itself, even when every process of ours is killed.\nKinds: " + strings.Join(kindNames(), ", ") + ".",
		Example: "  fournines fault inject zone-kill us-east-1/a --for 30s --reason 'game day' --yes\n  fournines fault inject process-freeze us-east-1/b/redis --for 20s --reason test --yes\n  fournines fault inject region-partition-out us-east-1:us-west-2 --for 60s --reason 'game day' --yes",
		Ask: func(_ context.Context, args []string, reason string) (*verb.Ask, error) {
			if err := spec.Among("kind of fault", args[0], kindNames()); err != nil {
				return nil, err
			}
			d, err := spec.ParseDuration(length)
			if err != nil {
				return nil, verb.Exitf(verb.Misused, "--for: %w", err)
			}
			id := control.NewID("fault")
			return &verb.Ask{
				Does:    fmt.Sprintf("inject %s on %s for %s; it ends by itself, `fournines fault clear` ends it sooner", args[0], args[1], d),
				Confirm: args[1],
				Method:  http.MethodPost, Path: "/v1/faults", ID: id, Operation: id + "-inject",
				Body: map[string]any{"kind": args[0], "target": args[1], "seconds": d.D().Seconds(), "reason": reason},
				Done: func(_ context.Context, o api.Operation) error {
					t := verb.Table{Head: []string{"FAULT", "KIND", "TARGET", "STATE", "ERROR"}, Rows: [][]string{{id, args[0], args[1], o.State, o.Error}}}
					return v.Print(o, t, []string{id})
				},
			}, nil
		},
	}.Verb(v.World)
	c.Flags().StringVar(&length, "for", "30s", "how long it lasts, 10m at most")
	return c
}

func (v verbs) clear() *cobra.Command {
	return verb.Action{
		Use: "clear ID", Short: "End a fault before its time", Args: cobra.ExactArgs(1), NoReason: true,
		Ask: func(_ context.Context, args []string, _ string) (*verb.Ask, error) {
			return &verb.Ask{
				Does:   "end " + args[0],
				Method: http.MethodDelete, Path: "/v1/faults/" + verb.Escape(args[0]), Operation: args[0] + "-clear",
				Done: func(context.Context, api.Operation) error {
					v.Note("%s is over", args[0])
					return nil
				},
			}, nil
		},
	}.Verb(v.World)
}

func (v verbs) list() *cobra.Command {
	return verb.List[api.Fault]{
		Use: "list", Short: "List faults of the last hour", Path: "/v1/faults",
		Head: []string{"FAULT", "KIND", "TARGET", "STATE", "BEGUN", "UNTIL", "REASON"},
		Row: func(f api.Fault) []string {
			return []string{f.ID, f.Kind, f.Target, f.State, verb.Since(f.Begun), f.Until.UTC().Format(time.TimeOnly), f.Reason}
		},
		Name: func(f api.Fault) string { return f.ID },
	}.Verb(v.World)
}

func (v verbs) kinds() *cobra.Command {
	return verb.List[fact.FaultKind]{
		Use: "kinds", Short: "List the kinds of faults: what each does, and what it may target",
		Load: func(context.Context) ([]fact.FaultKind, error) { return fact.FaultKinds(), nil },
		Head: []string{"KIND", "TARGET", "DOES", "NEEDS"},
		Row: func(k fact.FaultKind) []string {
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
			if k.Root {
				needs = "root"
			}
			return []string{k.Name, target, k.Does, needs}
		},
		Name: func(k fact.FaultKind) string { return k.Name },
	}.Verb(v.World)
}
