//go:build prove

package prove

import (
	"os"
	"regexp"
	"strconv"
	"testing"
	"time"
)

// number reads a count from the environment.
func number(t *testing.T, name string, otherwise int) int {
	t.Helper()
	s := os.Getenv(name)
	if s == "" {
		return otherwise
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		t.Fatalf("%s is %q, it must be a number from 1", name, s)
	}
	return n
}

// chosen tells whether the pattern in the environment takes the name; no pattern takes all.
func chosen(t *testing.T, variable, name string) bool {
	t.Helper()
	re, err := regexp.Compile(os.Getenv(variable))
	if err != nil {
		t.Fatalf("%s: %v", variable, err)
	}
	return re.MatchString(name)
}

func outDir() string {
	if dir := os.Getenv("PROVE_OUT"); dir != "" {
		return dir
	}
	return "out"
}

// netns tells whether each zone shall have a network namespace of its own, in which
// the network can be broken too. It needs root.
func netns() bool { return os.Getenv("PROVE_NETNS") != "" }

// keeper keeps the runs of one invocation, in its file and for the table at the end.
type keeper struct {
	t     *testing.T
	proof string
	file  *Record
	runs  []Run
}

func keep(t *testing.T, proof string) *keeper {
	t.Helper()
	if netns() {
		proof += "-netns"
	}
	file, err := NewRecord(outDir(), proof, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	k := &keeper{t: t, proof: proof, file: file}
	t.Cleanup(func() {
		if err := file.Close(); err != nil {
			t.Error(err)
		}
		t.Logf("%d runs are in %s\n%s", len(k.runs), file.Path, Table(k.runs))
	})
	return k
}

// add keeps a run and says how it went.
func (k *keeper) add(r Run) {
	k.t.Helper()
	r.Proof = k.proof
	k.runs = append(k.runs, r)
	if err := k.file.Add(r); err != nil {
		k.t.Error(err)
	}
	k.t.Logf("%s %s %d: gap %.2f s, new connections %.2f s, detect %.2f s, whole %.1f s, %d acknowledged, %d failed, %d lost, %d doubled, %d failovers, %d violations %s %s",
		r.Who, r.Kind, r.N, r.Gap, r.NewGap, r.Detect, r.Whole, r.Acknowledged, r.Failed, r.Lost, r.Doubled, r.Failovers, r.Violations, r.Note, r.Error)
}
