package process

import (
	"fmt"
	"os/exec"
	"runtime"

	"golang.org/x/sys/unix"
)

// startIn starts cmd inside the network namespace at path. Only setns is used:
// a remount of /sys, as `ip netns exec` does, would hide the control groups.
func startIn(path string, cmd *exec.Cmd) error {
	if path == "" {
		return cmd.Start()
	}
	result := make(chan error, 1)
	go func() {
		// The thread is never unlocked, so the runtime ends it with its namespace.
		runtime.LockOSThread()
		fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			result <- fmt.Errorf("open network namespace %s: %w", path, err)
			return
		}
		if err := unix.Setns(fd, unix.CLONE_NEWNET); err != nil {
			result <- fmt.Errorf("enter network namespace %s: %w", path, err)
			return
		}
		_ = unix.Close(fd)
		result <- cmd.Start()
	}()
	return <-result
}
