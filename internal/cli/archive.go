package cli

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	compliancedoor "github.com/greenlang/fournines/internal/compliance/door"
)

func (w *world) archiveCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "archive", Short: "See what of the journal is locked away, and try the locks",
		Long: "The journal is put into an object store part by part, as tiles that standard readers read and as\n" +
			"tables, each object locked in compliance mode. `fournines journal verify --from archive` checks it\n" +
			"from nothing but the bucket.",
	}
	c.AddCommand(w.archiveStatus(), w.archiveList(), w.archiveProbe())
	return c
}

func (w *world) archiveStatus() *cobra.Command {
	return &cobra.Command{Use: "status", Short: "Show up to where the journal is archived; exit 3 when it cannot be", Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error {
		client, err := w.client()
		if err != nil {
			return err
		}
		var a compliancedoor.Archive
		if err := client.Call(c.Context(), http.MethodGet, "/v1/archive", "", nil, &a); err != nil {
			return err
		}
		t := table{head: []string{"ARCHIVED", "WAITING", "OLDEST", "PARTS", "OBJECTS", "MIB", "RETENTION", "LOCKS", "ENTRY", "BUCKET", "ENDPOINT"}, wide: 9}
		t.rows = [][]string{{
			fmt.Sprint(a.Archived), fmt.Sprint(a.Waiting), since(a.Oldest), fmt.Sprint(a.Parts), fmt.Sprint(a.Objects), fmt.Sprintf("%.1f", float64(a.Bytes)/(1<<20)),
			days(a.Retention), locks(a.Probe), entryOf(a.LastIn, a.Last != nil), a.Bucket + "/" + a.Prefix, a.Endpoint,
		}}
		if err := w.print(a, t, []string{fmt.Sprint(a.Archived)}); err != nil {
			return err
		}
		switch {
		case a.Failure != nil:
			return &exitError{exitObjective, fmt.Errorf("the archive cannot be written since %s (entry %d): %s", a.Failure.Since.UTC().Format(time.RFC3339), a.FailureIn, a.Failure.Error)}
		case a.Probe != nil && !a.Probe.Holds:
			return &exitError{exitObjective, fmt.Errorf("the object store's locks do not hold (entry %d): nothing more is archived there", a.ProbeIn)}
		}
		return nil
	}}
}

// locks says in a word what the last probe saw.
func locks(p *compliancedoor.ArchiveProbe) string {
	switch {
	case p == nil:
		return "not tried yet"
	case p.Holds:
		return "hold, " + since(p.At) + " ago"
	}
	return "BROKEN, " + since(p.At) + " ago"
}

func entryOf(index uint64, known bool) string {
	if !known {
		return "-"
	}
	return fmt.Sprint(index)
}

func days(seconds float64) string { return fmt.Sprintf("%.0fd", seconds/86_400) }

func (w *world) archiveList() *cobra.Command {
	var before string
	var limit int
	c := &cobra.Command{Use: "list", Short: "List the parts that are archived, the newest first", Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error {
		client, err := w.client()
		if err != nil {
			return err
		}
		var l struct {
			Items []compliancedoor.PartEntry `json:"items"`
			Next  string                     `json:"next,omitempty"`
		}
		if err := client.Call(c.Context(), http.MethodGet, "/v1/archive/parts?"+query("before", before, "limit", strconv.Itoa(limit)), "", nil, &l); err != nil {
			return err
		}
		t := table{head: []string{"FIRST", "LAST", "AT", "TILES", "BYTES", "LOCKED UNTIL", "ENTRY", "KEY", "VERSION", "SHA256"}, wide: 7}
		var names []string
		for _, p := range l.Items {
			t.rows = append(t.rows, []string{
				fmt.Sprint(p.First), fmt.Sprint(p.Next - 1), p.At.UTC().Format(time.RFC3339), fmt.Sprint(p.Tiles), fmt.Sprint(p.Bytes()),
				p.RetainUntil.UTC().Format(time.RFC3339), fmt.Sprint(p.Index), p.Part.Key, p.Part.Version, p.Part.SHA256,
			})
			names = append(names, p.Part.Key)
		}
		if err := w.print(l, t, names); err != nil {
			return err
		}
		if l.Next != "" {
			w.note("more: fournines archive list --before %s", l.Next)
		}
		return nil
	}}
	f := c.Flags()
	f.StringVar(&before, "before", "", "only parts whose entries are below this index")
	f.IntVar(&limit, "limit", 50, "parts a page, 100 at most")
	return c
}

func (w *world) archiveProbe() *cobra.Command {
	return &cobra.Command{Use: "probe", Short: "Try to break the object store's locks now; exit 5 when one breaks", Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error {
		client, err := w.client()
		if err != nil {
			return err
		}
		var p struct {
			compliancedoor.ArchiveProbe
			Index uint64 `json:"index"`
		}
		if err := client.Call(c.Context(), http.MethodPost, "/v1/archive/probe", "", nil, &p); err != nil {
			return err
		}
		t := table{head: []string{"ATTEMPT", "HELD", "ABOUT", "MEANING", "DETAIL"}, wide: 4}
		var names []string
		for _, a := range p.Attempts {
			held, about := "yes", "the object's lock"
			if !a.Held {
				held = "no"
				names = append(names, a.Name)
			}
			if a.DefaultRule {
				about = "the bucket's rule, on which nobody relies"
			}
			t.rows = append(t.rows, []string{a.Name, held, about, a.Meaning, a.Detail})
		}
		if err := w.print(p, t, names); err != nil {
			return err
		}
		w.note("entry %d", p.Index)
		if !p.Holds {
			return &exitError{exitIntegrity, errors.New("a lock that was given with its object was broken; do not archive there")}
		}
		return nil
	}}
}
