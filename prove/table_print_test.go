//go:build prove

package prove

import (
	"testing"
)

// TestTable prints the newest measurements of every proof as docs/reference/measurements.md
// shows them; it measures nothing.
func TestTable(t *testing.T) {
	paths, err := Newest(outDir())
	if err != nil {
		t.Fatal(err)
	}
	if len(paths) == 0 {
		t.Logf("there are no measurements in %s: run a proof first", outDir())
		return
	}
	var runs []Run
	for _, path := range paths {
		some, err := ReadRuns(path)
		if err != nil {
			t.Fatal(err)
		}
		runs = append(runs, some...)
	}
	t.Logf("\n%s\n%s", Table(runs), Ratios(runs, ours, alone))
}
