package table_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/journal/table"
)

// logOf is a journal with n entries, all of them published.
func logOf(t testing.TB, n int) *journal.Journal {
	t.Helper()
	j, err := journal.Options{Now: func() time.Time { return epoch }, Origin: "test/" + strings.ReplaceAll(t.Name(), " ", "")}.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	grow(t, j, n)
	return j
}

func grow(t testing.TB, j *journal.Journal, n int) {
	t.Helper()
	for at := j.Head().Size; n > 0; n -= min(n, 1000) {
		list := make([]journal.Entry, min(n, 1000))
		for i := range list {
			list[i] = journal.Entry{Kind: fmt.Sprintf("kind.%d", at%5), Subject: fmt.Sprint("s", at%50), Operation: fmt.Sprintf("op-%d", at)}
			at++
		}
		if _, err := j.Append(t.Context(), list...); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Publish(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// started is a store that keeps up with the log until the test, or stop, ends it.
func started(t testing.TB, dir string, log table.Log, fault func(op, path string) error) (s *table.Store, stop func()) {
	t.Helper()
	s = table.NewStore(dir, log, slog.New(slog.DiscardHandler)).WithFault(fault)
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { _ = s.Run(ctx) })
	stop = sync.OnceFunc(func() { cancel(); wg.Wait(); _ = s.Close() })
	t.Cleanup(stop)
	return s, stop
}

func snapshot(t testing.TB, s *table.Store) *table.Snapshot {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	x, err := s.Snapshot(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(x.Release)
	return x
}

// holds checks that the snapshot is the log, entry by entry.
func holds(t testing.TB, x *table.Snapshot, j *journal.Journal) {
	t.Helper()
	want, err := j.Read(0, int(x.Size))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, part := range x.Tables {
		if err := part.Verify(t.Context()); err != nil {
			t.Fatal(err)
		}
		err := part.Scan(t.Context(), table.Filter{}, func(r table.Row) bool {
			b, err := r.Bytes(nil)
			if err != nil || n >= len(want) || string(b) != string(want[n].Bytes) {
				t.Fatalf("row %d is %s, %v", n, b, err)
			}
			n++
			return true
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if n != len(want) || uint64(n) != x.Size {
		t.Fatalf("%d of %d entries", n, x.Size)
	}
}

func files(t testing.TB, dir string) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(dir, "0*.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// until waits for a fact.
func until(t testing.TB, fact func() bool) {
	t.Helper()
	tick, end := time.NewTicker(2*time.Millisecond), time.After(time.Minute)
	defer tick.Stop()
	for !fact() {
		select {
		case <-tick.C:
		case <-end:
			t.Fatal("it did not come about within a minute")
		}
	}
}

// settled returns the tables, once there are n and nothing else that is ours.
func settled(t testing.TB, dir string, n int) []string {
	t.Helper()
	until(t, func() bool {
		all, err := os.ReadDir(dir)
		return err == nil && len(all) == n && len(files(t, dir)) == n
	})
	return files(t, dir)
}

func TestStoreFollowsTheLog(t *testing.T) {
	t.Parallel()
	j, dir := logOf(t, 0), filepath.Join(t.TempDir(), "table")
	s, stop := started(t, dir, j, nil)
	if x := snapshot(t, s); x.Size != 0 || len(x.Tables) != 0 {
		t.Fatalf("%+v", x)
	}
	grow(t, j, 100)
	first := snapshot(t, s)
	holds(t, first, j)
	grow(t, j, 4096)
	second := snapshot(t, s)
	holds(t, second, j)
	second.Release()
	grow(t, j, 70000)
	x := snapshot(t, s)
	holds(t, x, j)
	for _, part := range x.Tables { // what a question has stays until it is over
		if _, err := os.Stat(part.Path()); err != nil {
			t.Fatal(err)
		}
	}
	x.Release()
	first.Release()
	until(t, func() bool { return len(files(t, dir)) == 3 })
	stop()
	before := settled(t, dir, 3)
	s, stop = started(t, dir, j, nil) // what is there is taken over
	holds(t, snapshot(t, s), j)
	stop()
	if after := settled(t, dir, 3); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Fatalf("made anew: %v, were %v", after, before)
	}
}

var errKilled = errors.New("killed")

// Whoever runs a store may begin again with it: the tables are there once.
func TestStoreIsRunAgain(t *testing.T) {
	t.Parallel()
	dir, j := t.TempDir(), logOf(t, 6000)
	s := table.NewStore(dir, j, slog.New(slog.DiscardHandler))
	t.Cleanup(func() { _ = s.Close() })
	for range 2 {
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- s.Run(ctx) }()
		x := snapshot(t, s)
		holds(t, x, j)
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	more := 3000
	grow(t, j, more)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	holds(t, snapshot(t, s), j)
	cancel()
	<-ended
}

// killAt fails the n-th operation and every one after it, as if the process were gone.
func killAt(n int) (fault func(op, path string) error, dead chan string) {
	var mu sync.Mutex
	dead = make(chan string, 1)
	return func(op, path string) error {
		mu.Lock()
		defer mu.Unlock()
		if n--; n > 0 {
			return nil
		}
		if n == 0 {
			dead <- op
		}
		return errKilled
	}, dead
}

// Killed at any step of a merge, the next store answers as the log does.
func TestStoreKilledAtEachStep(t *testing.T) {
	t.Parallel()
	j := logOf(t, 16*4096+10)
	seed := filepath.Join(t.TempDir(), "seed")
	if err := os.MkdirAll(seed, 0o700); err != nil {
		t.Fatal(err)
	}
	for i := range uint64(15) { // as it grew: the sixteenth is next, and then the merge
		small(t, seed, j, i*4096, (i+1)*4096)
	}
	met := map[string]int{}
	for n := 1; ; n++ {
		dir := filepath.Join(t.TempDir(), fmt.Sprint(n))
		if err := os.CopyFS(dir, os.DirFS(seed)); err != nil {
			t.Fatal(err)
		}
		fault, dead := killAt(n)
		_, stop := started(t, dir, j, fault)
		over := false
		select {
		case op := <-dead:
			met[op]++
		case <-quiet(t, dir):
			over = true
		}
		stop()
		s, stop := started(t, dir, j, nil)
		x := snapshot(t, s)
		holds(t, x, j)
		x.Release()
		until(t, func() bool { return len(files(t, dir)) == 1 })
		stop()
		if over {
			break
		}
	}
	t.Logf("killed at %v", met)
	for _, op := range []string{"create", "write", "sync", "rename", "named", "remove"} {
		if met[op] == 0 {
			t.Errorf("never killed at %s: %v", op, met)
		}
	}
}

// quiet tells when the merge is over and nothing of it is left.
func quiet(t testing.TB, dir string) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		tick, end := time.NewTicker(5*time.Millisecond), time.After(time.Minute)
		defer tick.Stop()
		for {
			if list, err := os.ReadDir(dir); err == nil && len(list) == 1 && !strings.HasSuffix(list[0].Name(), ".tmp") {
				close(done)
				return
			}
			select {
			case <-tick.C:
			case <-end:
				return
			}
		}
	}()
	return done
}

// small makes one table of the store, as a store does.
func small(t testing.TB, dir string, j *journal.Journal, first, next uint64) {
	t.Helper()
	list, err := j.Read(first, int(next-first))
	if err != nil {
		t.Fatal(err)
	}
	b, _ := writeAs(t, j.Origin(), list)
	if err := os.WriteFile(filepath.Join(dir, table.FileName(first, next, b)), b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// What is damaged, foreign or left over is made anew; what is not ours stays.
func TestStoreFindsWhatIsWrong(t *testing.T) {
	t.Parallel()
	j, other := logOf(t, 3*4096+5), logOf(t, 4096)
	for name, spoil := range map[string]func(t *testing.T, dir string, list []string){
		"flipped": func(t *testing.T, _ string, list []string) {
			b := slurp(t, list[1])
			b[len(b)/2] ^= 4
			put(t, list[1], b)
		},
		"truncated": func(t *testing.T, _ string, list []string) { put(t, list[0], slurp(t, list[0])[:1000]) },
		"empty":     func(t *testing.T, _ string, list []string) { put(t, list[2], nil) },
		"gone":      func(t *testing.T, _ string, list []string) { _ = os.Remove(list[0]) },
		"swapped":   func(t *testing.T, _ string, list []string) { put(t, list[0], slurp(t, list[1])) },
		"foreign": func(t *testing.T, dir string, list []string) {
			_ = os.Remove(list[0])
			small(t, dir, other, 0, 4096)
		},
		"left over": func(t *testing.T, dir string, _ []string) {
			put(t, filepath.Join(dir, "00000000000000000000-00000000000000004096.tmp"), []byte("half"))
			put(t, filepath.Join(dir, "tail-1.parquet"), []byte("half"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "table")
			s, stop := started(t, dir, j, nil)
			snapshot(t, s)
			until(t, func() bool { return len(files(t, dir)) == 3 })
			stop()
			list := files(t, dir)
			put(t, filepath.Join(dir, "notes.txt"), []byte("mine"))
			spoil(t, dir, list)
			s, stop = started(t, dir, j, nil)
			holds(t, snapshot(t, s), j)
			until(t, func() bool { return fmt.Sprint(files(t, dir)) == fmt.Sprint(list) })
			stop()
			if string(slurp(t, filepath.Join(dir, "notes.txt"))) != "mine" {
				t.Fatal("a foreign file was touched")
			}
		})
	}
}

// A table that goes bad while the server runs is found after a question met it.
func TestStoreRechecks(t *testing.T) {
	t.Parallel()
	j, dir := logOf(t, 3*4096+5), filepath.Join(t.TempDir(), "table")
	s, _ := started(t, dir, j, nil)
	snapshot(t, s)
	until(t, func() bool { return len(files(t, dir)) == 3 })
	bad := files(t, dir)[1]
	f, err := os.OpenFile(bad, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt(make([]byte, 64), 5000); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Recheck(t.Context()); err != nil {
		t.Fatal(err)
	}
	holds(t, snapshot(t, s), j)
}

func slurp(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func put(t testing.TB, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}
