package cli

import (
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/greenlang/fournines/internal/api/client"
	compliancedoor "github.com/greenlang/fournines/internal/compliance/door"
	"github.com/greenlang/fournines/internal/control"
)

func (w *world) personCommand() *cobra.Command {
	c := &cobra.Command{Use: "person", Short: "See and erase what the journal holds sealed of a person"}
	c.AddCommand(w.personShow(), w.personErase())
	return c
}

func (w *world) person(c *cobra.Command, client *client.Client, id string) (compliancedoor.Person, error) {
	var p compliancedoor.Person
	return p, client.Call(c.Context(), http.MethodGet, "/v1/persons/"+escape(id), "", nil, &p)
}

func (w *world) printPerson(id string, p compliancedoor.Person) error {
	erased, entry := "", ""
	if p.Erased != nil {
		erased, entry = p.Erased.At.UTC().Format(time.RFC3339), fmt.Sprint(p.Erased.Entry)
	}
	return w.print(p, table{head: []string{"PERSON", "PSEUDONYM", "ERASED", "ENTRY"}, rows: [][]string{{id, p.Pseudonym, erased, entry}}}, []string{p.Pseudonym})
}

func (w *world) personShow() *cobra.Command {
	return &cobra.Command{Use: "show ID", Short: "Show a person's pseudonym, and when they were erased", Args: cobra.ExactArgs(1), RunE: func(c *cobra.Command, args []string) error {
		client, err := w.client()
		if err != nil {
			return err
		}
		p, err := w.person(c, client, args[0])
		if err != nil {
			return err
		}
		return w.printPerson(args[0], p)
	}}
}

func (w *world) personErase() *cobra.Command {
	var reason string
	var yes, dry bool
	c := &cobra.Command{Use: "erase ID", Short: "Make a person's data in the journal unreadable, for good", Args: cobra.ExactArgs(1),
		Long: "Destroy the key that a person's data in the journal are sealed with. No entry and no hash changes, and nothing can bring the data back.\n" +
			"The reason is recorded and never erased: give the number of the request, not the person's name.",
		Example: "  fournines person erase customer-42 --reason 'request 17' --yes",
		RunE: func(c *cobra.Command, args []string) error {
			client, err := w.client()
			if err != nil {
				return err
			}
			p, err := w.person(c, client, args[0])
			if err != nil {
				return err
			}
			if p.Erased != nil {
				w.note("%s was erased already", args[0])
				return w.printPerson(args[0], p)
			}
			what := fmt.Sprintf("makes all that the journal holds sealed of %s unreadable; it cannot be taken back", args[0])
			if dry {
				w.note("would do: %s", what)
				return nil
			}
			if err := w.confirm(yes, what, args[0]); err != nil {
				return err
			}
			id := control.NewID("erase")
			if err := client.Call(c.Context(), http.MethodDelete, "/v1/persons/"+escape(args[0])+"?"+query("reason", reason), id, nil, nil); err != nil {
				return err
			}
			if _, err := w.await(c.Context(), client, id); err != nil {
				return err
			}
			if p, err = w.person(c, client, args[0]); err != nil {
				return err
			}
			return w.printPerson(args[0], p)
		}}
	f := c.Flags()
	f.StringVar(&reason, "reason", "", "why; it is kept in the journal")
	f.BoolVar(&yes, "yes", false, "do not ask")
	f.BoolVar(&dry, "dry-run", false, "say what would be done, and do nothing")
	_ = c.MarkFlagRequired("reason") // it exists
	return c
}
