package door

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/greenlang/fournines/internal/api"
)

// TestSwitchover walks testdata/switchover.txt: a cluster, why it is not ready if it is not, and
// what the console says before it lets anybody move its leader.
func TestSwitchover(t *testing.T) {
	t.Parallel()
	datadriven.RunTest(t, "testdata/switchover.txt", func(t *testing.T, d *datadriven.TestData) string {
		var ready api.Readiness
		var to string
		d.ScanArgs(t, "cluster", &ready.Cluster)
		d.ScanArgs(t, "leader", &ready.Leader)
		d.ScanArgs(t, "to", &to)
		if ready.Ready = d.Input == ""; !ready.Ready {
			ready.Reasons = strings.Split(d.Input, "\n")
		}
		p := planSwitchover(ready, to, "kernel")
		var b strings.Builder
		fmt.Fprintf(&b, "%s\n", p.Command)
		for _, line := range p.Blast {
			fmt.Fprintf(&b, "blast: %s\n", line)
		}
		for _, line := range p.Warnings {
			fmt.Fprintf(&b, "warning: %s\n", line)
		}
		return strings.ReplaceAll(b.String(), "\u00a0", " ")
	})
}
