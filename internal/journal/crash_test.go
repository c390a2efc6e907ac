package journal_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/journal"
)

const (
	envCrashDir  = "FOURNINES_JOURNAL_CRASH_DIR"
	envCrashLife = "FOURNINES_JOURNAL_CRASH_LIFE"
)

// many returns how often a proof is repeated: what the environment says, else few.
func many(t *testing.T, name string, few int) int {
	t.Helper()
	s := os.Getenv(name)
	if s == "" {
		return few
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// TestKilledAtAnyMoment kills a process that appends from 32 goroutines, again and again
// over the same journal, and looks for each entry that it was told is recorded.
func TestKilledAtAnyMoment(t *testing.T) {
	t.Parallel()
	if dir := os.Getenv(envCrashDir); dir != "" {
		appendUntilKilled(t, dir, os.Getenv(envCrashLife))
		return
	}
	dir, told := t.TempDir(), map[uint64]string{}
	seed := uint64(time.Now().UnixNano()) //nolint:gosec // any will do
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	for life := range many(t, "FOURNINES_CYCLES", 15) {
		oneLife(t, dir, life, 1+r.IntN(400), told)
		checkTold(t, dir, told)
	}
}

// oneLife runs the process, and kills it when it has told of so many entries.
func oneLife(t *testing.T, dir string, life, entries int, told map[uint64]string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestKilledAtAnyMoment$", "-test.count=1")
	cmd.Env = append(os.Environ(), envCrashDir+"="+dir, envCrashLife+"="+strconv.Itoa(life))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for n := 0; lines.Scan(); {
		index, id, ok := strings.Cut(lines.Text(), " ")
		i, err := strconv.ParseUint(index, 10, 64)
		if !ok || err != nil {
			t.Fatalf("the process says %q", lines.Text())
		}
		if old, twice := told[i]; twice {
			t.Fatalf("%s and %s were both told index %d", old, id, i)
		}
		told[i] = id
		if n++; n == entries {
			_ = cmd.Process.Kill() // what it told before that is still in the pipe
		}
	}
	if err := cmd.Wait(); err == nil || ctx.Err() != nil {
		t.Fatalf("it was not killed: %v %v", err, ctx.Err())
	}
}

func checkTold(t *testing.T, dir string, told map[uint64]string) {
	t.Helper()
	if _, err := verify(dir); err != nil {
		t.Fatal(err)
	}
	j, err := journal.Options{SegmentBytes: 20_000}.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close() //nolint:errcheck // checked by the next life
	records, err := j.Read(0, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	seen, last := map[string]bool{}, map[string]int{}
	for i, r := range records {
		if r.Index != uint64(i) {
			t.Fatalf("entry %d stands at %d", r.Index, i)
		}
		if seen[r.Subject] {
			t.Fatalf("%s is there twice", r.Subject)
		}
		seen[r.Subject] = true
		worker, number, _ := strings.Cut(r.Subject, "#")
		n, err := strconv.Atoi(number)
		if err != nil || n <= last[worker] {
			t.Fatalf("%s stands behind number %d of the same producer", r.Subject, last[worker])
		}
		last[worker] = n
	}
	for index, id := range told {
		if index >= uint64(len(records)) || records[index].Subject != id {
			t.Fatalf("entry %d was acknowledged as %s and is not there", index, id)
		}
	}
}

func appendUntilKilled(t *testing.T, dir, life string) {
	j, err := journal.Options{SegmentBytes: 20_000, PublishEvery: 5 * time.Millisecond}.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for w := range 32 {
		wg.Go(func() {
			for n := 1; ; n++ {
				id := fmt.Sprintf("%s.%d#%d", life, w, n)
				index, err := j.Append(context.Background(), journal.Entry{Kind: "crash.told", Subject: id})
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				_, _ = fmt.Printf("%d %s\n", index, id) // a closed pipe ends us
				mu.Unlock()
			}
		})
	}
	wg.Wait()
}
