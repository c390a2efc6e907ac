package node_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/greenlang/fournines/internal/fact"
)

// A restart is done once: the process is asked to end, may finish what it does, and the
// node's next life does not do it again.
func TestARestartIsAskedForAndDoneOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ended, begun := filepath.Join(dir, "ended"), filepath.Join(dir, "begun")
	a := assignment("trap 'echo ended >> " + ended + "; exit 0' TERM; echo begun > " + begun + "; while :; do sleep 0.05; done")
	d := newDesk(t, a)
	stop := run(t, dir, d)
	first := d.unit(t, "it never runs", func(f fact.Unit) bool {
		_, err := os.Stat(begun) // before that it would end without a word
		return f.Ready && err == nil
	})

	a.Units[0].Restart = "one"
	d.put(t, a)
	second := d.unit(t, "it was not started again", func(f fact.Unit) bool { return f.Ready && f.Restart == "one" })
	if second.PID == first.PID || second.Restarts != 0 || second.Version != first.Version {
		t.Fatalf("before %+v, after %+v", first, second)
	}
	stop()

	d = newDesk(t, a)
	run(t, dir, d)
	third := d.unit(t, "it was not adopted", func(f fact.Unit) bool { return f.Ready && f.Restart == "one" })
	b, err := os.ReadFile(ended)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(b), "ended"); n != 1 || third.PID != second.PID {
		t.Fatalf("it ended %d times; before %+v, after %+v", n, second, third)
	}
}
