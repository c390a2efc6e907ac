package verb

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// Guard makes every misuse of a tree of commands an error with exit code 2 that says what to
// write instead: an unknown verb, an unknown flag, a wrong number of arguments, an unknown
// form of output. Call it once, when the tree is whole.
func Guard(root *cobra.Command, w *World) {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return Exitf(Misused, "%w; `%s --help` lists the flags", err, c.CommandPath())
	})
	root.PersistentPreRunE = func(*cobra.Command, []string) error { return w.checkOutput() }
	guard(root)
	if help, _, err := root.Find([]string{"help"}); err == nil {
		help.Args = func(_ *cobra.Command, args []string) error {
			if of, rest, err := root.Find(args); err == nil && len(rest) > 0 {
				return Exit(Misused, unknown(of, rest[0]))
			}
			return nil
		}
	}
}

func guard(c *cobra.Command) {
	for _, below := range c.Commands() {
		guard(below)
	}
	check, run := c.Args, c.PreRunE
	if !c.Runnable() { // a group of verbs: alone it shows its help
		check, c.DisableFlagsInUseLine = cobra.NoArgs, true
		c.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
	}
	if check == nil {
		check = cobra.ArbitraryArgs
	}
	c.Args = func(c *cobra.Command, args []string) error {
		if check(c, args) == nil {
			return nil
		}
		return Exit(Misused, misuse(c, args))
	}
	c.PreRunE = func(c *cobra.Command, args []string) error {
		if err := c.ValidateRequiredFlags(); err != nil {
			return Exit(Misused, err)
		}
		if err := c.ValidateFlagGroups(); err != nil {
			return Exit(Misused, err)
		}
		if run != nil {
			return run(c, args)
		}
		return nil
	}
}

// misuse says what is wrong with the arguments, and what to write.
func misuse(c *cobra.Command, args []string) error {
	takesNone := !strings.Contains(c.Use, " ")
	switch {
	case takesNone && c.HasAvailableSubCommands():
		return unknown(c, args[0])
	case takesNone:
		return fmt.Errorf("`%s` takes no argument, and got %q", c.CommandPath(), args[0])
	case len(args) == 1:
		return fmt.Errorf("1 argument is given; write: %s", c.UseLine())
	}
	return fmt.Errorf("%d arguments are given; write: %s", len(args), c.UseLine())
}

// unknown names the verbs that are nearest to what was typed.
func unknown(c *cobra.Command, typed string) error {
	text := fmt.Sprintf("unknown command %q for %q", typed, c.CommandPath())
	if c.SuggestionsMinimumDistance == 0 {
		c.SuggestionsMinimumDistance = 2 // letters
	}
	near := c.SuggestionsFor(typed)
	for i := range near {
		near[i] = "`" + c.CommandPath() + " " + near[i] + "`"
	}
	if len(near) > 0 {
		return fmt.Errorf("%s; did you mean %s?", text, strings.Join(near, " or "))
	}
	return fmt.Errorf("%s; `%s --help` lists what there is", text, c.CommandPath())
}
