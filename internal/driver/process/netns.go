package process

import (
	"os/exec"

	"github.com/greenlang/fournines/internal/driver/netns"
)

// startIn starts cmd inside the network namespace at path. Only setns is used:
// a remount of /sys, as `ip netns exec` does, would hide the control groups.
func startIn(path string, cmd *exec.Cmd) error {
	if path == "" {
		return cmd.Start()
	}
	return netns.Within(path, cmd.Start)
}
