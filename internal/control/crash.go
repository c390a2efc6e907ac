package control

import (
	"os"
	"path/filepath"
	"syscall"
)

// CrashDir is the environment variable with the directory of [CrashIn].
const CrashDir = "FOURNINES_CRASH_DIR"

// CrashIn returns a function that kills this process at each point that has a file in the
// directory. It removes the file first, so each file kills once. The end-to-end crash tests use it
// on a real server with real engines.
func CrashIn(dir string) CrashPoint {
	if dir == "" {
		return nil
	}
	return func(point string) {
		if os.Remove(filepath.Join(dir, point)) != nil {
			return
		}
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
}
