// Package disk looks at file systems: how large they are, and how much may still be written.
package disk

import (
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/greenlang/fournines/internal/fact"
)

// Of looks at the file system that has path. It may hang as long as the file system does.
func Of(path string) (fact.Disk, error) {
	machine, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return fact.Disk{}, fmt.Errorf("name this machine: %w", err)
	}
	var of unix.Stat_t
	if err := unix.Stat(path, &of); err != nil {
		return fact.Disk{}, fmt.Errorf("look at the disk of %s: %w", path, err)
	}
	var has unix.Statfs_t
	if err := unix.Statfs(path, &has); err != nil {
		return fact.Disk{}, fmt.Errorf("look at the disk of %s: %w", path, err)
	}
	block := has.Frsize
	if block == 0 {
		block = has.Bsize
	}
	return fact.Disk{
		ID:   fmt.Sprintf("%.8s/%d:%d", strings.TrimSpace(string(machine)), unix.Major(of.Dev), unix.Minor(of.Dev)),
		Size: int64(has.Blocks) * block, Free: int64(has.Bavail) * block, //nolint:gosec // no file system has 2^63 bytes
		Files: int64(has.Files), FilesFree: int64(has.Ffree), At: time.Now(), //nolint:gosec // nor as many files
	}, nil
}
