// Package leaks fails a package's tests that leave goroutines behind: whatever starts work
// ends it when it is closed.
package leaks

import (
	"fmt"
	"net/http"
	"os"
	"testing"
	"time"

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
	// What is closed may end a while later: net/http holds a connection for a second after
	// its GOAWAY, so that the client reads it.
	for end := time.Now().Add(patience); ; {
		err := goleak.Find(before) // itself waits up to half a second
		if err == nil {
			return 0
		}
		if time.Now().After(end) {
			fmt.Fprintln(os.Stderr, "goroutines are left behind:", err)
			return 1
		}
	}
}

// patience is how long what has been closed may take to end, on a busy machine as well.
const patience = 20 * time.Second
