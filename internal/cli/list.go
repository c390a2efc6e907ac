package cli

import (
	"github.com/spf13/cobra"

	"github.com/greenlang/fournines/internal/api/client"
)

// list is a verb that shows a list of the API: one row and one name for each item.
type list[T any] struct {
	use, short, path string
	head             []string
	wide             int // columns that only -o wide shows begin here; 0: none
	row              func(T) []string
	name             func(T) string
}

// verb returns the command.
func (l list[T]) verb(w *world) *cobra.Command {
	return &cobra.Command{Use: l.use, Short: l.short, Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error {
		server, err := w.client()
		if err != nil {
			return err
		}
		all, err := client.List[T](c.Context(), server, l.path)
		if err != nil {
			return err
		}
		t := table{head: l.head, wide: l.wide}
		var names []string
		for _, v := range all.Items {
			t.rows = append(t.rows, l.row(v))
			names = append(names, l.name(v))
		}
		return w.print(all, t, names)
	}}
}
