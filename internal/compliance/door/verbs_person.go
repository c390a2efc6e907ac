package door

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/cli/verb"
	"github.com/greenlang/fournines/internal/control"
)

func (v verbs) person() *cobra.Command {
	c := &cobra.Command{Use: "person", Short: "See and erase a person's sealed data in the journal"}
	c.AddCommand(v.personShow(), v.personErase())
	return c
}

func personPath(id string) string { return "/v1/persons/" + verb.Escape(id) }

// showPerson reads and prints a person.
func (v verbs) showPerson(ctx context.Context, id string) error {
	p, err := verb.Get[Person](ctx, v.World, personPath(id))
	if err != nil {
		return err
	}
	return v.printPerson(id, p)
}

func (v verbs) printPerson(id string, p Person) error {
	erased, entry := "", ""
	if p.Erased != nil {
		erased, entry = p.Erased.At.UTC().Format(time.RFC3339), fmt.Sprint(p.Erased.Entry)
	}
	return v.Print(p, verb.Table{Head: []string{"PERSON", "PSEUDONYM", "ERASED", "ENTRY"}, Rows: [][]string{{id, p.Pseudonym, erased, entry}}}, []string{p.Pseudonym})
}

func (v verbs) personShow() *cobra.Command {
	return &cobra.Command{Use: "show ID", Short: "Show a person's pseudonym, and when the data were erased", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return v.showPerson(c.Context(), args[0]) }}
}

func (v verbs) personErase() *cobra.Command {
	return verb.Action{
		Use: "erase ID", Short: "Make a person's data in the journal unreadable, for good", Args: cobra.ExactArgs(1), Confirms: true,
		Long: "Destroy the key that seals a person's data in the journal. No entry and no hash changes, and nothing can bring the data back.\n" +
			"The reason is recorded and never erased: give the number of the request, not the person's name.",
		Example: "  fournines person erase customer-42 --reason 'request 17' --yes",
		Ask: func(ctx context.Context, args []string, reason string) (*verb.Ask, error) {
			p, err := verb.Get[Person](ctx, v.World, personPath(args[0]))
			if err != nil {
				return nil, err
			}
			if p.Erased != nil {
				v.Note("%s was erased already", args[0])
				return nil, v.printPerson(args[0], p)
			}
			id := control.NewID("erase")
			return &verb.Ask{
				Does:    fmt.Sprintf("make all sealed data of %s in the journal unreadable; this cannot be taken back", args[0]),
				Confirm: args[0],
				Method:  http.MethodDelete, Path: personPath(args[0]) + "?" + verb.Query("reason", reason), ID: id, Operation: id,
				Done: func(ctx context.Context, _ api.Operation) error { return v.showPerson(ctx, args[0]) },
			}, nil
		},
	}.Verb(v.World)
}
