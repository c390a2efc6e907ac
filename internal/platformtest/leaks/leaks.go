// Package leaks fails a package's tests that leave goroutines behind: whatever starts work
// ends it when it is closed.
package leaks

import (
	"fmt"
	"net/http"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// Main runs a package's tests, and fails where something that they started goes on.
func Main(m *testing.M) { os.Exit(Run(m)) }

// Run is [Main] for a package that does more: it returns the exit code.
func Run(m *testing.M) int {
	before := goleak.IgnoreCurrent() // the runtime's, and those of imported packages
	code := m.Run()
	http.DefaultClient.CloseIdleConnections() // of the tests themselves
	if code != 0 {
		return code
	}
	if err := goleak.Find(before); err != nil {
		fmt.Fprintln(os.Stderr, "goroutines are left behind:", err)
		return 1
	}
	return 0
}
