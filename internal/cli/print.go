package cli

import (
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/goccy/go-yaml"
)

// table is what -o table and -o wide print.
type table struct {
	head []string
	rows [][]string
	wide int // number of columns that -o table shows; 0: all
}

// print writes v in the form that -o asks for.
func (w *world) print(v any, t table, names []string) error {
	switch w.output {
	case "json":
		e := json.NewEncoder(w.out)
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
		_, err = w.out.Write(b)
		return err
	case "name":
		for _, n := range names {
			if _, err := fmt.Fprintln(w.out, n); err != nil {
				return err
			}
		}
		return nil
	case "table", "wide":
		return w.table(t)
	}
	return &exitError{exitUsage, fmt.Errorf("unknown output %q; there are table, wide, json, yaml and name", w.output)}
}

func (w *world) table(t table) error {
	n := len(t.head)
	if t.wide > 0 && w.output != "wide" {
		n = t.wide
	}
	tw := tabwriter.NewWriter(w.out, 0, 4, 2, ' ', 0)
	for _, row := range append([][]string{t.head}, t.rows...) {
		if _, err := fmt.Fprintln(tw, strings.Join(row[:n], "\t")); err != nil {
			return err
		}
	}
	return tw.Flush()
}

// note writes a line for people, to standard error.
func (w *world) note(format string, args ...any) {
	fmt.Fprintf(w.err, format+"\n", args...) //nolint:errcheck // nobody is left to tell
}

func since(t time.Time) string {
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
