package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/cli/verb"
)

func (w world) journalCommand() *cobra.Command {
	c := &cobra.Command{Use: "journal", Short: "Read and verify the record of everything that was done and seen"}
	c.AddCommand(w.journalList(), w.journalShow(), w.journalVerify(), w.journalKinds())
	return c
}

func (w world) journalKinds() *cobra.Command {
	return verb.List[api.EntryKind]{
		Use: "kinds", Short: "List the kinds of entries; -o json with the schema of each one's data", Path: "/v1/journal/kinds",
		Head: []string{"KIND", "SAYS"},
		Row:  func(k api.EntryKind) []string { return []string{k.Name, k.Doc} },
		Name: func(k api.EntryKind) string { return k.Name },
	}.Verb(w.World)
}

func (w world) journalList() *cobra.Command {
	return verb.List[api.Entry]{
		Use: "list", Short: "List entries, the newest first", Path: "/v1/journal", Of: "entries",
		Filters: []verb.Filter{
			{Name: "kind", Help: "only of this kind; a prefix ends in a dot: fault."}, {Name: "subject", Help: "only about this subject"},
			{Name: "operation", Help: "only of this operation, drill or fault"},
		},
		Head: []string{"INDEX", "TIME", "KIND", "SUBJECT", "ACTOR", "REASON", "OPERATION", "HASH"}, Wide: 6,
		Row: func(e api.Entry) []string {
			return []string{fmt.Sprint(e.Index), e.Time.UTC().Format(time.RFC3339), kindAndAction(e), e.Subject, e.Actor, e.Reason, e.Operation, e.Hash}
		},
		Name: func(e api.Entry) string { return fmt.Sprint(e.Index) },
	}.Verb(w.World)
}

// kindAndAction adds what an application says was done, which is not the entry's kind.
func kindAndAction(e api.Entry) string {
	var d struct {
		Action string `json:"action"`
	}
	if strings.HasPrefix(e.Kind, "audit.") && json.Unmarshal(e.Data, &d) == nil && d.Action != "" {
		return e.Kind + " " + d.Action
	}
	return e.Kind
}

func (w world) journalShow() *cobra.Command {
	var unseal bool
	var reason string
	c := &cobra.Command{Use: "show INDEX", Short: "Show one entry whole", Args: cobra.ExactArgs(1), RunE: func(c *cobra.Command, args []string) error {
		if _, err := strconv.ParseUint(args[0], 10, 64); err != nil {
			return verb.Exitf(verb.Misused, "%q is not an index; write a number such as 42", args[0])
		}
		if unseal != (reason != "") {
			return verb.Exit(verb.Misused, errors.New("--unseal and --reason go together: a look at personal data needs a reason"))
		}
		path := "/v1/journal/" + args[0]
		if unseal {
			path += "?" + verb.Query("unseal", "true", "reason", reason)
		}
		e, err := verb.Get[api.Entry](c.Context(), w.World, path)
		if err != nil {
			return err
		}
		if w.Output == "table" {
			w.Output = "yaml" // one entry reads best as a document
		}
		return w.Print(e, verb.Table{Head: []string{"ENTRY"}, Rows: [][]string{{fmt.Sprint(e)}}}, []string{args[0]})
	}}
	f := c.Flags()
	f.BoolVar(&unseal, "unseal", false, "show sealed personal data; your name, the persons and the reason are recorded")
	f.StringVar(&reason, "reason", "", "why you look at them; required with --unseal")
	return c
}
