package door

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/cli/verb"
)

func (v verbs) archive() *cobra.Command {
	c := &cobra.Command{
		Use: "archive", Short: "See how much of the journal is locked away, and try the locks",
		Long: "The journal is put into an object store part by part, as tiles that standard readers read and as\n" +
			"tables, each object locked in compliance mode. `fournines journal verify --from archive` checks it\n" +
			"from the bucket alone.",
	}
	c.AddCommand(v.archiveStatus(), v.archiveList(), v.archiveProbe())
	return c
}

func (v verbs) archiveStatus() *cobra.Command {
	return &cobra.Command{Use: "status", Short: "Show up to where the journal is archived; exit 3 when it cannot be", Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error {
		a, err := verb.Get[Archive](c.Context(), v.World, "/v1/archive")
		if err != nil {
			return err
		}
		t := verb.Table{Head: []string{"ARCHIVED", "WAITING", "OLDEST", "PARTS", "OBJECTS", "MIB", "RETENTION", "LOCKS", "ENTRY", "BUCKET", "ENDPOINT"}, Wide: 9}
		t.Rows = [][]string{{
			fmt.Sprint(a.Archived), fmt.Sprint(a.Waiting), verb.Since(a.Oldest), fmt.Sprint(a.Parts), fmt.Sprint(a.Objects), fmt.Sprintf("%.1f", float64(a.Bytes)/(1<<20)),
			days(a.Retention), locks(a.Probe), entryOf(a.LastIn, a.Last != nil), a.Bucket + "/" + a.Prefix, a.Endpoint,
		}}
		if err := v.Print(a, t, []string{fmt.Sprint(a.Archived)}); err != nil {
			return err
		}
		switch {
		case a.Failure != nil:
			return verb.Exitf(verb.Missed, "the archive cannot be written since %s (entry %d): %s", a.Failure.Since.UTC().Format(time.RFC3339), a.FailureIn, a.Failure.Error)
		case a.Probe != nil && !a.Probe.Holds:
			return verb.Exitf(verb.Missed, "the object store's locks do not hold (entry %d): nothing more is archived there", a.ProbeIn)
		}
		return nil
	}}
}

// locks says in a word what the last probe saw.
func locks(p *ArchiveProbe) string {
	switch {
	case p == nil:
		return "not tried yet"
	case p.Holds:
		return "hold, " + verb.Since(p.At) + " ago"
	}
	return "BROKEN, " + verb.Since(p.At) + " ago"
}

func entryOf(index uint64, known bool) string {
	if !known {
		return "-"
	}
	return fmt.Sprint(index)
}

func days(seconds float64) string { return fmt.Sprintf("%.0fd", seconds/86_400) }

func (v verbs) archiveList() *cobra.Command {
	return verb.List[PartEntry]{
		Use: "list", Short: "List the parts that are archived, the newest first", Path: "/v1/archive/parts", Of: "parts",
		Head: []string{"FIRST", "LAST", "AT", "TILES", "BYTES", "LOCKED UNTIL", "ENTRY", "KEY", "VERSION", "SHA256"}, Wide: 7,
		Row: func(p PartEntry) []string {
			return []string{
				fmt.Sprint(p.First), fmt.Sprint(p.Next - 1), p.At.UTC().Format(time.RFC3339), fmt.Sprint(p.Tiles), fmt.Sprint(p.Bytes()),
				p.RetainUntil.UTC().Format(time.RFC3339), fmt.Sprint(p.Index), p.Part.Key, p.Part.Version, p.Part.SHA256,
			}
		},
		Name: func(p PartEntry) string { return p.Part.Key },
	}.Verb(v.World)
}

// probed is what a probe saw, and the entry that says so.
type probed struct {
	ArchiveProbe
	Index uint64 `json:"index"`
}

func (v verbs) archiveProbe() *cobra.Command {
	return verb.Action{
		Use: "probe", Short: "Try to break the object store's locks now; exit 5 when one breaks", Args: cobra.NoArgs, NoReason: true,
		Ask: func(context.Context, []string, string) (*verb.Ask, error) {
			var p probed
			return &verb.Ask{
				Does:   "lock an object of its own in the archive's bucket, and try to break its lock",
				Method: http.MethodPost, Path: "/v1/archive/probe", Answer: &p,
				Done: func(context.Context, api.Operation) error { return v.printProbe(p) },
			}, nil
		},
	}.Verb(v.World)
}

func (v verbs) printProbe(p probed) error {
	t := verb.Table{Head: []string{"ATTEMPT", "HELD", "ABOUT", "MEANING", "DETAIL"}, Wide: 4}
	var names []string
	for _, a := range p.Attempts {
		held, about := "yes", "the object's lock"
		if !a.Held {
			held = "no"
			names = append(names, a.Name)
		}
		if a.DefaultRule {
			about = "the bucket's rule, on which nothing relies"
		}
		t.Rows = append(t.Rows, []string{a.Name, held, about, a.Meaning, a.Detail})
	}
	if err := v.Print(p, t, names); err != nil {
		return err
	}
	v.Note("entry %d", p.Index)
	if !p.Holds {
		return verb.Exit(verb.Tampered, errors.New("a lock that was given with its object was broken; do not archive there"))
	}
	return nil
}
