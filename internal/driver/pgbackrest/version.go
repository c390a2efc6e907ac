package pgbackrest

import (
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
)

// The oldest pgBackRest that was tested.
const (
	minMajor = 2
	minMinor = 45
)

// CheckVersion runs the program at path and refuses a pgBackRest that is too old.
func CheckVersion(ctx context.Context, path string, env []string) (string, error) {
	cmd := exec.CommandContext(ctx, path, "version")
	cmd.Env = env
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("ask %s for its version: %w; run `make engines`, which installs it", path, err)
	}
	return parseVersion(path, string(out))
}

func parseVersion(path, out string) (string, error) {
	version, named := strings.CutPrefix(strings.TrimSpace(out), "pgBackRest ")
	parts := strings.SplitN(version, ".", 3)
	if !named || len(parts) < 2 {
		return "", fmt.Errorf("%s version printed %q, which is no version of pgBackRest", path, out)
	}
	digits, _, _ := strings.Cut(parts[1], "dev") // of a version that is being made
	major, err1 := strconv.Atoi(parts[0])
	minor, err2 := strconv.Atoi(digits)
	if err1 != nil || err2 != nil {
		return "", fmt.Errorf("%s version printed %q, which is no version of pgBackRest", path, out)
	}
	if major < minMajor || major == minMajor && minor < minMinor {
		return version, fmt.Errorf("pgBackRest %s at %s is too old, %d.%d is needed: older ones write no annotations; run `make engines` for a newer one", version, path, minMajor, minMinor)
	}
	return version, nil
}
