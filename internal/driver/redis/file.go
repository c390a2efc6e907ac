package redis

import (
	"fmt"
	"net"
	"os"
	"strings"

	"github.com/greenlang/fournines/internal/whole"
)

// follows tells whether a server's file makes it a replica. Redis and Sentinel rewrite it.
func follows(file string) (bool, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return false, err
	}
	for line := range strings.Lines(string(b)) {
		if w := master(line); w != "" && w != "no" {
			return true, nil
		}
	}
	return false, nil
}

// master returns the host in a line that names a master, else nothing.
func master(line string) string {
	w := strings.Fields(line)
	if len(w) == 3 && (w[0] == "replicaof" || w[0] == "slaveof") {
		return w[1]
	}
	return ""
}

// follow makes a server's file name another as its master, so that the next start knows it too:
// Redis itself writes there only what it is told while it runs.
func follow(file, address string) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("follow %q: %w", address, err)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var out strings.Builder
	for line := range strings.Lines(string(b)) {
		if master(line) == "" {
			out.WriteString(strings.TrimSuffix(line, "\n") + "\n")
		}
	}
	fmt.Fprintf(&out, "replicaof %s %s\n", host, port)
	return whole.Write(file, []byte(out.String()), 0o600)
}
