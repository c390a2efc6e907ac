package door

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/greenlang/fournines/internal/api/client"
	"github.com/greenlang/fournines/internal/cli/verb"
	"github.com/greenlang/fournines/internal/runbook"
)

// verbs are how people at a terminal reach the runbooks.
type verbs struct {
	*verb.World
	actions func() []runbook.Action
}

// Verbs returns the verbs for the command line; actions is what runbooks may ask for, which is
// known without a server.
func Verbs(w *verb.World, actions func() []runbook.Action) []verb.Grouped {
	v := verbs{w, actions}
	c := &cobra.Command{Use: "runbook", Short: "Read runbooks, run them, and answer what a run waits for"}
	c.AddCommand(
		v.list(), v.show(), v.lint(), v.schema(), v.contacts(), v.run(), v.status(), v.resume(),
		v.answer(Approve, "Approve the step that a run waits at; nobody approves a run of their own"),
		v.answer(Deny, "Do not approve the step that a run waits at"),
		v.answer(Abort, "End a run; an operation under way comes to its own end"), v.confirm(),
	)
	return []verb.Grouped{{Group: "act", Command: c}}
}

// local reads the runbooks of this machine: the shipped ones, and those of the data directory.
func (v verbs) local() (*runbook.Library, error) {
	actions, err := runbook.NewCatalog(v.actions()...)
	if err != nil {
		return nil, err
	}
	return runbook.Open(filepath.Join(v.Data, "runbooks"), actions, time.Now())
}

// offline returns what the server has; where it does not answer, what this machine has.
func offline[T any](ctx context.Context, v verbs, path string, here func(*runbook.Library) (T, error)) (T, error) {
	var out T
	server, err := v.Client()
	if err == nil {
		err = server.Call(ctx, http.MethodGet, path, "", nil, &out)
		if err == nil || !client.Away(err) {
			return out, err
		}
	}
	v.Note("no server answers: this is the copy on this machine")
	lib, bad := v.local()
	if lib == nil {
		return out, bad
	}
	if bad != nil {
		v.Note("some are not usable: `fournines runbook lint` says why")
	}
	return here(lib)
}

func (v verbs) list() *cobra.Command {
	return verb.List[Runbook]{
		Use: "list", Short: "List the runbooks; without a server, those on this machine",
		Load: func(ctx context.Context) ([]Runbook, error) {
			all, err := offline(ctx, v, "/v1/runbooks", func(l *runbook.Library) (client.Items[Runbook], error) {
				items, err := RunbooksOf(l)
				return client.Items[Runbook]{Items: items}, err
			})
			return all.Items, err
		},
		Head: []string{"RUNBOOK", "STEPS", "TITLE", "FROM", "DIGEST"}, Wide: 3,
		Row: func(r Runbook) []string {
			return []string{r.Name, number(r.Steps), r.Title, r.Place, r.Digest}
		},
		Name: func(r Runbook) string { return r.Name },
	}.Verb(v.World)
}

func (v verbs) show() *cobra.Command {
	source := false
	c := &cobra.Command{
		Use: "show NAME", Short: "Show a runbook: who to call, and each step with the command that does the same by hand", Args: cobra.ExactArgs(1),
		Long:    "Show a runbook as a page for a terminal or for paper. It needs no server: without one, the copy on this machine is shown.",
		Example: "  fournines runbook show region-evacuate\n  fournines runbook show region-evacuate --source > runbooks/my-evacuation.yaml",
		RunE: func(c *cobra.Command, args []string) error {
			p, err := offline(c.Context(), v, "/v1/runbooks/"+verb.Escape(args[0]), func(l *runbook.Library) (RunbookPage, error) {
				p, ok, err := PageOf(l, args[0])
				if err == nil && !ok {
					err = verb.Exitf(verb.Misused, "there is no runbook %q here; `fournines runbook list` lists them", args[0])
				}
				return p, err
			})
			switch {
			case err != nil:
				return err
			case source:
				_, err = v.Out.Write([]byte(p.Source))
			case v.People():
				_, err = v.Out.Write([]byte(p.Text))
			default:
				err = v.Print(p, verb.Table{}, []string{p.Name})
			}
			return err
		},
	}
	c.Flags().BoolVar(&source, "source", false, "print its file, as something to edit")
	return c
}

func (v verbs) lint() *cobra.Command {
	return &cobra.Command{
		Use: "lint [FILE…]", Short: "Say what is wrong with runbooks and contacts before a run does", Args: cobra.ArbitraryArgs,
		Long: "Say what is wrong with the files that are named, or with all that this machine has: slips, steps that nobody gets to,\n" +
			"circles, references to what has not happened, what would be destroyed without a yes, nobody on call. Exit 2 when anything is.",
		RunE: func(_ *cobra.Command, args []string) error {
			lib, err := v.local()
			if lib == nil {
				return err
			}
			if len(args) == 0 {
				if err == nil {
					v.Note("%d runbooks and the contacts of %s are usable", len(lib.Names()), lib.Contacts.Place)
				}
				return verb.Exit(verb.Misused, err)
			}
			for _, name := range args {
				b, err := os.ReadFile(name)
				if err == nil {
					err = lib.Judge(name, b)
				}
				if err != nil {
					return verb.Exit(verb.Misused, err)
				}
				v.Note("%s is usable", name)
			}
			return nil
		},
	}
}

func (v verbs) schema() *cobra.Command {
	contacts := false
	c := &cobra.Command{Use: "schema", Short: "Print the JSON schema of a runbook, for editors", Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error {
		of := runbook.Schema
		if contacts {
			of = runbook.ContactsSchema
		}
		b, err := of()
		if err == nil {
			_, err = v.Out.Write(b)
		}
		return err
	}}
	c.Flags().BoolVar(&contacts, "contacts", false, "of the contacts")
	return c
}

func (v verbs) contacts() *cobra.Command {
	return &cobra.Command{
		Use: "contacts", Short: "Print an example of contacts: people, rotations, escalation policies", Args: cobra.NoArgs,
		Long: "Print an example of contacts. Put your own into the directory runbooks of the data directory: they take its place.",
		RunE: func(*cobra.Command, []string) error {
			b, err := runbook.ExampleContacts()
			if err == nil {
				_, err = v.Out.Write(b)
			}
			return err
		},
	}
}
