package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/greenlang/fournines/internal/cli/verb"
	"github.com/greenlang/fournines/internal/spec"
)

// checked is what `validate` prints with -o json and -o yaml.
type checked struct {
	File     string               `json:"file"`
	Usable   bool                 `json:"usable"`
	Platform string               `json:"platform,omitempty"`
	Errors   []spec.Error         `json:"errors"`
	Findings []spec.Contradiction `json:"findings"`
}

func (w world) validateCommand() *cobra.Command {
	var file string
	c := &cobra.Command{
		Use: "validate", Short: "Check a platform file, and its targets against each other", Args: cobra.NoArgs,
		Long:    "Check a platform file, and its targets against each other with the arithmetic.\nExit 2 when the file is unusable, 3 when its targets contradict each other.",
		Example: "  fournines validate\n  fournines validate -f platform.yaml -o json",
		RunE: func(*cobra.Command, []string) error {
			d, err := spec.Open(file)
			if err != nil {
				return w.unusable(file, err)
			}
			return w.verdict(d)
		},
	}
	fileFlag(c, &file)
	return c
}

func fileFlag(c *cobra.Command, file *string) {
	c.Flags().StringVarP(file, "file", "f", "", "platform file; GreenLang's own by default")
}

// unusable reports a file that cannot be used; programs get the errors as data as well.
func (w world) unusable(file string, err error) error {
	var all spec.Errors
	if errors.As(err, &all) && (w.Output == "json" || w.Output == "yaml") {
		if err := w.Print(checked{File: file, Errors: all, Findings: []spec.Contradiction{}}, verb.Table{}, nil); err != nil {
			return err
		}
	}
	return verb.Exit(verb.Misused, err)
}

// verdict prints the target check of a usable file.
func (w world) verdict(d *spec.Document) error {
	all := d.CheckTargets()
	var conflicts int
	var names []string
	for _, c := range all {
		names = append(names, c.Code)
		if c.Severity == spec.Conflict {
			conflicts++
		}
	}
	if w.People() {
		w.findings(d, all)
	} else if err := w.Print(checked{d.Name, true, d.Platform.Metadata.Name, []spec.Error{}, all}, verb.Table{}, names); err != nil {
		return err
	}
	if conflicts > 0 {
		return verb.Exitf(verb.Missed, "%s: %d of its targets contradict each other", d.Name, conflicts)
	}
	w.Note("%s is usable; %d notes, no contradiction", d.Name, len(all))
	return nil
}

// findings prints the target check for people: contradictions first.
func (w world) findings(d *spec.Document, all []spec.Contradiction) {
	for _, severity := range []spec.Severity{spec.Conflict, spec.Note} {
		for _, c := range all {
			if c.Severity != severity {
				continue
			}
			var b strings.Builder
			fmt.Fprintf(&b, "%s: %s  (%s)\n", c.Severity, c.Title, c.Code)
			for _, line := range c.Arithmetic {
				fmt.Fprintf(&b, "    %s\n", line)
			}
			if c.Remedy != "" {
				fmt.Fprintf(&b, "    → %s\n", c.Remedy)
			}
			for i, path := range c.Paths {
				fmt.Fprintf(&b, "    %s:%d  %s\n", d.Name, c.Lines[i], path)
			}
			fmt.Fprintln(w.Out, b.String()) //nolint:errcheck // nobody is left to tell
		}
	}
}

func (w world) schemaCommand() *cobra.Command {
	return &cobra.Command{Use: "schema", Short: "Print the platform file's JSON schema", Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error {
		b, err := spec.Schema()
		if err != nil {
			return err
		}
		_, err = w.Out.Write(b)
		return err
	}}
}
