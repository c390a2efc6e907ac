package cli

import (
	"github.com/spf13/cobra"

	"github.com/greenlang/fournines/internal/spec"
)

func (w *world) validateCommand() *cobra.Command {
	var file string
	c := &cobra.Command{Use: "validate", Short: "Check a platform file, and its targets against each other", Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error {
		_, err := spec.Load(file)
		return err
	}}
	c.Flags().StringVarP(&file, "file", "f", "", "platform file; GreenLang's own by default")
	return c
}

func (w *world) planCommand() *cobra.Command {
	return &cobra.Command{Use: "plan", Short: "Show what differs between the platform file and what runs", Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error { return nil }}
}

func (w *world) schemaCommand() *cobra.Command {
	return &cobra.Command{Use: "schema", Short: "Print the platform file's JSON schema", Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error { return nil }}
}
