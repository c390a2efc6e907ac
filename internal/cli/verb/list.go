package verb

import (
	"context"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/greenlang/fournines/internal/api/client"
)

// List is a verb that shows a list: one row and one name for each item.
type List[T any] struct {
	Use, Short, Long string
	Path             string   // of the list in the API
	Filters          []Filter // flags that narrow the list
	Of               string   // what a page holds, such as "entries"; empty: the API answers with all of it
	Head             []string
	Wide             int // number of columns that -o table shows; 0: all
	Row              func(T) []string
	Name             func(T) string

	// Load reads a list that does not stand at Path; nil: Path is read.
	Load func(ctx context.Context) ([]T, error)
	// After says what the whole list means, once it is printed: an error with an exit code,
	// or nil. It may be nil.
	After func(all []T) error
}

// Filter is a flag that narrows a list: the API's parameter of the same name.
type Filter struct{ Name, Help string }

// pageSize is how many items a page has by default.
const pageSize = 50

// Verb returns the command.
func (l List[T]) Verb(w *World) *cobra.Command {
	c := &cobra.Command{Use: l.Use, Short: l.Short, Long: l.Long, Args: cobra.NoArgs}
	f := c.Flags()
	for _, x := range l.Filters {
		f.String(x.Name, "", x.Help)
	}
	if l.Of != "" {
		f.String("before", "", "show the page of "+l.Of+" that follows this one, as the page before says at its end")
		f.Int("limit", pageSize, l.Of+" a page, 100 at most")
	}
	c.RunE = func(c *cobra.Command, _ []string) error {
		all, err := l.read(c.Context(), w, c)
		if err != nil {
			return err
		}
		t := Table{Head: l.Head, Wide: l.Wide}
		var names []string
		for _, v := range all.Items {
			t.Rows = append(t.Rows, l.Row(v))
			names = append(names, l.Name(v))
		}
		if err := w.Print(all, t, names); err != nil {
			return err
		}
		if all.Next != "" {
			w.Note("more: %s%s --before %s", c.CommandPath(), l.typed(c), all.Next)
		}
		if l.After != nil {
			return l.After(all.Items)
		}
		return nil
	}
	return c
}

// read reads the page that the flags ask for.
func (l List[T]) read(ctx context.Context, w *World, c *cobra.Command) (all client.Items[T], err error) {
	if l.Load != nil {
		all.Items, err = l.Load(ctx)
		return all, err
	}
	server, err := w.Client()
	if err != nil {
		return all, err
	}
	var pairs []string
	for _, x := range l.Filters {
		pairs = append(pairs, x.Name, value(c, x.Name))
	}
	if l.Of != "" {
		pairs = append(pairs, "before", value(c, "before"), "limit", value(c, "limit"))
	}
	path := l.Path
	if q := Query(pairs...); q != "" {
		path += "?" + q
	}
	return client.List[T](ctx, server, path)
}

// typed are the flags that the next page needs as well.
func (l List[T]) typed(c *cobra.Command) string {
	var b strings.Builder
	for _, x := range l.Filters {
		if c.Flags().Changed(x.Name) {
			b.WriteString(" --" + x.Name + " " + quoted(value(c, x.Name)))
		}
	}
	if c.Flags().Changed("limit") {
		b.WriteString(" --limit " + value(c, "limit"))
	}
	return b.String()
}

func value(c *cobra.Command, name string) string { return c.Flags().Lookup(name).Value.String() }

// quoted quotes what a shell would take apart.
func quoted(s string) string {
	if strings.ContainsAny(s, " \t\n'\"\\$`*?;&|<>()") {
		return strconv.Quote(s)
	}
	return s
}
