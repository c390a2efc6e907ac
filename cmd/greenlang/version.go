package main

import (
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func versionCommand() *cobra.Command {
	return &cobra.Command{Use: "version", Short: "Say which build this is", Args: arguments(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			v := map[string]string{"version": environment("GREENLANG_VERSION", version()), "go": runtime.Version(), "platform": runtime.GOOS + "/" + runtime.GOARCH}
			return say(c, v, v["version"])
		}}
}

// version is what the build says of itself: a module version, or "devel".
func version() string {
	if b, ok := debug.ReadBuildInfo(); ok && b.Main.Version != "" && b.Main.Version != "(devel)" {
		return b.Main.Version
	}
	return "devel"
}
