package verb

import (
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/goccy/go-yaml"
)

// Table is what -o table and -o wide print.
type Table struct {
	Head []string
	Rows [][]string
	Wide int // number of columns that -o table shows; 0: all
}

// checkOutput refuses a form that nothing can be printed in.
func (w *World) checkOutput() error {
	switch w.Output {
	case "table", "wide", "json", "yaml", "name":
		return nil
	}
	return Exitf(Misused, "unknown output %q; use table, wide, json, yaml or name", w.Output)
}

// People tells whether -o asks for text that people read, rather than data for programs.
func (w *World) People() bool { return w.Output == "table" || w.Output == "wide" }

// Print writes v in the form that -o asks for: v itself as JSON or YAML, t as a table, names
// one a line.
func (w *World) Print(v any, t Table, names []string) error {
	if err := w.checkOutput(); err != nil {
		return err
	}
	switch w.Output {
	case "json":
		e := json.NewEncoder(w.Out)
		e.SetIndent("", "  ")
		return e.Encode(v)
	case "yaml":
		b, err := json.Marshal(v)
		if err == nil {
			b, err = yaml.JSONToYAML(b)
		}
		if err != nil {
			return fmt.Errorf("print as yaml: %w", err)
		}
		_, err = w.Out.Write(b)
		return err
	case "name":
		for _, n := range names {
			if _, err := fmt.Fprintln(w.Out, n); err != nil {
				return err
			}
		}
		return nil
	}
	return w.Table(t)
}

// Table writes t for people.
func (w *World) Table(t Table) error {
	n := len(t.Head)
	if t.Wide > 0 && w.Output != "wide" {
		n = t.Wide
	}
	tw := tabwriter.NewWriter(w.Out, 0, 4, 2, ' ', 0)
	for _, row := range append([][]string{t.Head}, t.Rows...) {
		if _, err := fmt.Fprintln(tw, strings.Join(row[:n], "\t")); err != nil {
			return err
		}
	}
	return tw.Flush()
}

// Since says in a word how long ago t was.
func Since(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	d := time.Since(t)
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", int(d.Hours()))
	}
	return fmt.Sprintf("%dd", int(d.Hours()/24))
}

// Dash stands where a table has nothing to say.
func Dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
