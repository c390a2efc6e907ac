package journal_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/journal/tamper"
)

// victim makes a journal with several segments, full and partial tiles, and partial ones
// that full ones have replaced.
func victim(t *testing.T, dir string) {
	t.Helper()
	j, err := journal.Options{Now: func() time.Time { return epoch }, SegmentBytes: 12_000, PublishEvery: time.Hour}.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 700 {
		if _, err := j.Append(t.Context(), event(i)); err != nil {
			t.Fatal(err)
		}
		if i%90 == 0 {
			if err := j.Publish(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
}

// mutate changes one file in a random way, and says how. It returns "" when the change
// that was drawn changes nothing.
func mutate(t *testing.T, r *rand.Rand, dir string) string {
	t.Helper()
	all, err := tamper.Files(dir)
	if err != nil {
		t.Fatal(err)
	}
	name, changes := all[r.IntN(len(all))], tamper.Changes()
	c := changes[r.IntN(len(changes))]
	changed, err := c.Do(r, dir, name)
	if err != nil {
		t.Fatal(err)
	}
	if !changed {
		return ""
	}
	return c.Name + " " + name
}

// TestEveryMutationIsFound changes one file of a journal at random, every kind of file,
// again and again. Each change is found by Verify; a sparse index is only a cache, and is
// made again.
func TestEveryMutationIsFound(t *testing.T) {
	t.Parallel()
	good := t.TempDir()
	victim(t, good)
	if _, err := verify(good); err != nil {
		t.Fatalf("a clean journal: %v", err)
	}
	seed := uint64(time.Now().UnixNano()) //nolint:gosec // any will do
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	work := t.TempDir()
	for n := range many(t, "FOURNINES_MUTATIONS", 150) {
		dir := filepath.Join(work, fmt.Sprint(n))
		if err := os.CopyFS(dir, os.DirFS(good)); err != nil {
			t.Fatal(err)
		}
		how := mutate(t, r, dir)
		if how == "" {
			continue
		}
		_, err := verify(dir)
		var damage *journal.DamageError
		switch {
		case errors.As(err, &damage) && damage.Kind != "" && damage.Dir == dir:
		case err == nil && strings.Contains(how, ".idx"):
			heals(t, dir, how)
		case err == nil && strings.HasPrefix(how, "remove ") && strings.Contains(how, ".p/"):
			heals(t, dir, how) // an earlier checkpoint's tile, of which a newer one holds the same
		default:
			t.Errorf("%s: %v", how, err)
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
	}
}

// heals opens the journal, appends to it, and expects it to be whole.
func heals(t *testing.T, dir, how string) {
	t.Helper()
	j, err := journal.Options{SegmentBytes: 12_000}.Open(dir)
	if err != nil {
		t.Fatalf("%s: %v", how, err)
	}
	if records, err := j.Read(0, 1000); err != nil || len(records) != 700 || records[699].Subject != event(699).Subject {
		t.Fatalf("%s: %d records, %v", how, len(records), err)
	}
	add(t, j, "after")
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if a, err := verify(dir); err != nil || a.Size != 701 {
		t.Fatalf("%s: %+v %v", how, a, err)
	}
	if name, ok := strings.CutPrefix(how, "remove "); ok && strings.HasSuffix(name, ".idx") {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Fatalf("it was not made again: %v", err)
		}
	}
}

// Damage is named: by the first entry concerned, and by its kind.
func TestDamageIsNamed(t *testing.T) {
	t.Parallel()
	good := t.TempDir()
	victim(t, good)
	rewrite := func(name string, change func([]byte) []byte) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			t.Helper()
			path := filepath.Join(dir, name)
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, change(b), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	remove := func(name string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			t.Helper()
			if err := os.Remove(filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	flip := func(at int) func([]byte) []byte { return func(b []byte) []byte { b[at] ^= 4; return b } }
	second := segments(t, good)[1]
	var first uint64
	if _, err := fmt.Sscanf(second, "%d.seg", &first); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		do     func(*testing.T, string)
		kind   journal.Damage
		index  uint64
		opened bool // Open finds it as well
	}{
		{"bit in the first frame", rewrite("log/00000000000000000000.seg", flip(20)), journal.BitRot, 0, false},
		{"bit in a later segment", rewrite("log/"+second, flip(20)), journal.BitRot, first, false},
		{"forged entry", rewrite("log/"+second, forge), journal.Replaced, first, false},
		{"segment gone", remove("log/" + second), journal.Missing, first, true},
		{"first segment gone", remove("log/00000000000000000000.seg"), journal.Missing, 0, true},
		{"cut short", func(t *testing.T, dir string) {
			t.Helper()
			all := segments(t, dir)
			rewrite("log/"+all[len(all)-1], func(b []byte) []byte { return b[:len(b)-1] })(t, dir)
		}, journal.Truncated, 699, true},
		{"tile", rewrite("tile/0/001", flip(32*5)), journal.BitRot, 256 + 5, false},
		{"tile gone", remove("tile/0/001"), journal.Missing, 256, false},
		{"upper tile", rewrite("tile/1/000.p/2", flip(33)), journal.BitRot, 256, true},
		{"bundle", rewrite("tile/entries/000", flip(20)), journal.BitRot, 0, false},
		{"checkpoint", rewrite("checkpoint", flip(40)), journal.Unsigned, 0, true},
		{"checkpoint gone", remove("checkpoint"), journal.Missing, 0, true},
		{"head", rewrite("head", flip(9)), journal.BitRot, 0, true},
		{"head gone", remove("head"), journal.Missing, 0, true},
		{"key", rewrite("key", flip(20)), journal.WrongKey, 0, true},
		{"key gone", remove("key"), journal.WrongKey, 0, true},
		{"public key gone", remove("key.pub"), journal.WrongKey, 0, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(good)); err != nil {
				t.Fatal(err)
			}
			c.do(t, dir)
			_, err := verify(dir)
			var damage *journal.DamageError
			if !errors.As(err, &damage) || damage.Kind != c.kind || damage.Index != c.index {
				t.Fatalf("got %v, want %s at %d", err, c.kind, c.index)
			}
			if !strings.Contains(err.Error(), fmt.Sprintf("damaged at entry %d (%s)", c.index, c.kind)) {
				t.Fatalf("it says %v", err)
			}
			j, err := journal.Open(dir, time.Now)
			if err == nil {
				_ = j.Close()
			}
			if opened := !errors.As(err, &damage); c.opened == opened {
				t.Fatalf("open: %v", err)
			}
		})
	}
}

func segments(t *testing.T, dir string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "log", "*.seg"))
	if err != nil || len(paths) < 3 {
		t.Fatalf("%v %v", paths, err)
	}
	for i := range paths {
		paths[i] = filepath.Base(paths[i])
	}
	return paths
}

// An older copy of the whole directory, and a second history behind a common beginning,
// agree with themselves. A checkpoint that was kept outside tells them.
func TestRollbackAndForkAreNamed(t *testing.T) {
	t.Parallel()
	dir, older, fork := t.TempDir(), t.TempDir(), t.TempDir()
	j := open(t, dir)
	add(t, j, "a", "b")
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	for _, d := range []string{older, fork} {
		if err := os.CopyFS(d, os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
	}
	common := checkpoint(t, dir)
	for d, kind := range map[string]string{dir: "mine", fork: "theirs"} {
		j := open(t, d)
		add(t, j, kind, kind)
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}
	known := checkpoint(t, dir)
	for _, c := range []struct {
		dir     string
		against []byte
		want    journal.Damage
	}{{dir, known, ""}, {dir, common, ""}, {fork, common, ""}, {older, known, journal.RolledBack}, {fork, known, journal.Forked}} {
		_, err := journal.Verify(t.Context(), c.dir, journal.VerifyOptions{Against: c.against})
		var damage *journal.DamageError
		if errors.As(err, &damage) != (c.want != "") || (damage != nil && damage.Kind != c.want) || (c.want == "" && err != nil) {
			t.Errorf("got %v, want %q", err, c.want)
		}
	}
	other := t.TempDir()
	_ = open(t, other).Close()
	if _, err := journal.Verify(t.Context(), other, journal.VerifyOptions{Against: known}); err == nil || !strings.Contains(err.Error(), "does not belong to this log") {
		t.Errorf("a checkpoint of another log: %v", err)
	}
}

func checkpoint(t *testing.T, dir string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// While a server writes, publishes and begins segments, nothing is called damaged.
func TestNoFalseAlarmBesideAServer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	j, err := journal.Options{SegmentBytes: 30_000, PublishEvery: time.Millisecond}.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := 0; ctx.Err() == nil; i++ {
			if _, err := j.Append(ctx, event(i), event(i)); err != nil && ctx.Err() == nil {
				t.Error(err)
				return
			}
		}
	}()
	var seen []byte
	for range many(t, "FOURNINES_CLEAN_RUNS", 40) {
		a, err := journal.Verify(t.Context(), dir, journal.VerifyOptions{Against: seen})
		if err != nil {
			t.Fatal(err)
		}
		seen = []byte(a.Checkpoint)
	}
	cancel()
	<-done
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := verify(dir); err != nil {
		t.Fatal(err)
	}
}

// Every bit of the small files counts: keys, checkpoint and head have one spelling each.
func TestEveryBitOfTheSmallFilesCounts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	j := open(t, dir)
	add(t, j, "a")
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"key", "key.pub", "checkpoint", "head"} {
		path := filepath.Join(dir, name)
		good, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for i := range len(good) * 8 {
			b := bytes.Clone(good)
			b[i/8] ^= 1 << (i % 8)
			if err := os.WriteFile(path, b, 0o600); err != nil {
				t.Fatal(err)
			}
			var damage *journal.DamageError
			if _, err := verify(dir); !errors.As(err, &damage) {
				t.Errorf("bit %d of byte %d of %s: %v", i%8, i/8, name, err)
			}
		}
		for i := range good { // base64 may be read with line breaks in it
			if err := os.WriteFile(path, slices.Insert(bytes.Clone(good), i, '\n'), 0o600); err != nil {
				t.Fatal(err)
			}
			var damage *journal.DamageError
			if _, err := verify(dir); !errors.As(err, &damage) {
				t.Errorf("a line break at %d of %s: %v", i, name, err)
			}
		}
		if err := os.WriteFile(path, good, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// forge replaces the first entry with another of the same length, checksum and all.
func forge(b []byte) []byte {
	n := int(b[0]) | int(b[1])<<8
	b[8+n-3] ^= 1
	binary.LittleEndian.PutUint32(b[4:], crc32.Checksum(b[8:8+n], crc32.MakeTable(crc32.Castagnoli)))
	return b
}
