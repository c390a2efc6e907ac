package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
)

// usageError is a mistake in flags or arguments: exit 2.
type usageError struct{ error }

// Unwrap returns the mistake.
func (e usageError) Unwrap() error { return e.error }

func root() *cobra.Command {
	c := &cobra.Command{
		Use: "greenlang", Short: "GreenLang's registry of customers, agents and runs",
		SilenceUsage: true, SilenceErrors: true, Args: arguments(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.PersistentFlags().StringP("output", "o", "text", "text or json")
	c.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	c.AddCommand(serveCommand(), migrateCommand(), seedCommand(), versionCommand())
	return c
}

// arguments makes the mistakes that check finds usage errors.
func arguments(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if err := check(c, args); err != nil {
			return usageError{err}
		}
		return nil
	}
}

// say writes a result to standard output: the text, or the value as JSON.
func say(c *cobra.Command, v any, text string) error {
	switch format, err := c.Flags().GetString("output"); {
	case err != nil:
		return err
	case format == "json":
		return json.NewEncoder(c.OutOrStdout()).Encode(v)
	case format == "text":
		_, err := io.WriteString(c.OutOrStdout(), text+"\n")
		return err
	default:
		return usageError{fmt.Errorf("read flags: output %q is neither text nor json", format)}
	}
}

// environment returns the variable's value, or the default when it is not set.
func environment(name, otherwise string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return otherwise
}
