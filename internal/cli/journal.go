package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/greenlang/fournines/internal/api"
)

func escape(s string) string { return url.PathEscape(s) }

// query joins names and values, leaving empty values out.
func query(pairs ...string) string {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	return q.Encode()
}

func (w *world) journalCommand() *cobra.Command {
	c := &cobra.Command{Use: "journal", Short: "Read and verify the record of what was done and seen"}
	c.AddCommand(w.journalList(), w.journalShow(), w.journalQuery(), w.journalVerify(), w.journalProve(), w.journalCheck(), w.journalKinds())
	return c
}

func (w *world) journalList() *cobra.Command {
	var kind, subject, operation, before string
	var limit int
	c := &cobra.Command{Use: "list", Short: "List entries, the newest first", Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error {
		client, err := w.client()
		if err != nil {
			return err
		}
		var l struct {
			Items []api.Entry `json:"items"`
			Next  string      `json:"next,omitempty"`
		}
		q := query("kind", kind, "subject", subject, "operation", operation, "before", before, "limit", strconv.Itoa(limit))
		if err := client.Call(c.Context(), http.MethodGet, "/v1/journal?"+q, "", nil, &l); err != nil {
			return err
		}
		t := table{head: []string{"INDEX", "TIME", "KIND", "SUBJECT", "ACTOR", "REASON", "OPERATION", "HASH"}, wide: 6}
		var names []string
		for _, e := range l.Items {
			t.rows = append(t.rows, []string{fmt.Sprint(e.Index), e.Time.UTC().Format(time.RFC3339), kindAndAction(e), e.Subject, e.Actor, e.Reason, e.Operation, e.Hash})
			names = append(names, fmt.Sprint(e.Index))
		}
		if err := w.print(l, t, names); err != nil {
			return err
		}
		if l.Next != "" {
			w.note("more: fournines journal list --before %s", l.Next)
		}
		return nil
	}}
	f := c.Flags()
	f.StringVar(&kind, "kind", "", "only of this kind; a prefix ends in a dot: fault.")
	f.StringVar(&subject, "subject", "", "only about this subject")
	f.StringVar(&operation, "operation", "", "only of this operation, drill or fault")
	f.StringVar(&before, "before", "", "only below this index")
	f.IntVar(&limit, "limit", 50, "entries a page, 100 at most")
	return c
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

func (w *world) journalShow() *cobra.Command {
	var unseal bool
	var reason string
	c := &cobra.Command{Use: "show INDEX", Short: "Show one entry whole", Args: cobra.ExactArgs(1), RunE: func(c *cobra.Command, args []string) error {
		if _, err := strconv.ParseUint(args[0], 10, 64); err != nil {
			return &exitError{exitUsage, fmt.Errorf("%q is no index; write a number such as 42", args[0])}
		}
		client, err := w.client()
		if err != nil {
			return err
		}
		if unseal != (reason != "") {
			return &exitError{exitUsage, errors.New("--unseal and --reason go together: who looks at personal data says why")}
		}
		path := "/v1/journal/" + args[0]
		if unseal {
			path += "?" + query("unseal", "true", "reason", reason)
		}
		var e api.Entry
		if err := client.Call(c.Context(), http.MethodGet, path, "", nil, &e); err != nil {
			return err
		}
		if w.output == "table" {
			w.output = "yaml" // one entry reads best as a document
		}
		return w.print(e, table{head: []string{"ENTRY"}, rows: [][]string{{fmt.Sprint(e)}}}, []string{args[0]})
	}}
	f := c.Flags()
	f.BoolVar(&unseal, "unseal", false, "show sealed personal data; who looked at whose, and why, is recorded")
	f.StringVar(&reason, "reason", "", "why they are looked at; required with --unseal")
	return c
}
