package patroni

import (
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
)

// MinMajor and MinMinor are the oldest Patroni that fournines works with.
const (
	MinMajor = 4
	MinMinor = 1
)

// CheckVersion runs the program at path and refuses a Patroni that is too old.
func CheckVersion(ctx context.Context, path string) (string, error) {
	out, err := exec.CommandContext(ctx, path, "--version").Output()
	if err != nil {
		return "", fmt.Errorf("ask %s for its version: %w", path, err)
	}
	return parseVersion(path, string(out))
}

func parseVersion(path, out string) (string, error) {
	version := strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(out), "patroni"))
	parts := strings.SplitN(version, ".", 3)
	if len(parts) < 2 {
		return "", fmt.Errorf("%s --version printed %q, which is no version", path, out)
	}
	major, err1 := strconv.Atoi(parts[0])
	minor, err2 := strconv.Atoi(parts[1])
	if err1 != nil || err2 != nil {
		return "", fmt.Errorf("%s --version printed %q, which is no version", path, out)
	}
	if major < MinMajor || (major == MinMajor && minor < MinMinor) {
		return version, fmt.Errorf("patroni %s at %s is too old, %d.%d is needed: older ones can lose acknowledged writes when a frozen primary thaws; run `make engines` for a newer one",
			version, path, MinMajor, MinMinor)
	}
	return version, nil
}
