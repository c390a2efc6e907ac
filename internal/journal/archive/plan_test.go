package archive

import (
	"errors"
	"math/rand/v2"
	"testing"
	"time"
)

func flat(from, to uint64) int64 { return int64(to-from) * 100 } //nolint:gosec // small

func TestWhenAPartIsCut(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	limits := Limits{Entries: 1000, Bytes: 150_000, Age: time.Hour}
	for _, c := range []struct {
		name         string
		next, signed uint64
		age          time.Duration
		bytes        func(from, to uint64) int64
		want         uint64 // 0: not yet
	}{
		{"nothing waits", 10, 10, time.Hour, flat, 0},
		{"the checkpoint is behind what is archived", 20, 10, time.Hour, flat, 0},
		{"few and young", 0, 900, time.Minute, flat, 0},
		{"few and old", 0, 900, time.Hour, flat, 900},
		{"enough, but no tile ends there", 0, 1000, time.Minute, flat, 0},
		{"enough", 0, 1024, time.Minute, flat, 1024},
		{"more than enough", 0, 5000, 9 * time.Hour, flat, 1024},
		{"from the middle of a tile", 100, 1200, time.Minute, flat, 0},
		{"from the middle of a tile, enough", 100, 1300, time.Minute, flat, 1280},
		{"large entries", 0, 600, time.Minute, func(a, b uint64) int64 { return int64(b-a) * 1000 }, 256}, //nolint:gosec // small
		{"large entries, no tile ends there", 0, 200, time.Minute, func(a, b uint64) int64 { return int64(b-a) * 1000 }, 0},
		{"large entries, old", 0, 200, time.Hour, func(a, b uint64) int64 { return int64(b-a) * 1000 }, 200},
		{"only our own wait", 0, 5, -1, flat, 0},
	} {
		b := Backlog{Next: c.next, Signed: c.signed, Bytes: c.bytes}
		if c.age >= 0 {
			b.Oldest = now.Add(-c.age)
		}
		if got, due := limits.Decide(b, now); got != c.want || due != (c.want > 0) {
			t.Errorf("%s: it ends at %d (%v), want %d", c.name, got, due, c.want)
		}
	}
}

// Whatever waits, parts are not empty, end at a checkpoint, and those that are not the
// last end where a tile does.
func TestPartsOfAnyBacklog(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a test's own
	now := time.Unix(1_000_000, 0)
	for range 2000 {
		l := Limits{Entries: 256 + r.Uint64N(2000), Bytes: 1 + r.Int64N(1<<20), Age: time.Hour}
		size := 1 + r.Int64N(2000)
		b := Backlog{Next: r.Uint64N(3000), Oldest: now.Add(-2 * time.Hour), Bytes: func(a, b uint64) int64 { return int64(b-a) * size }} //nolint:gosec // small
		b.Signed = b.Next + r.Uint64N(9000)
		for b.Next < b.Signed {
			next, due := l.Decide(b, now)
			if !due || next <= b.Next || next > b.Signed || (next < b.Signed && next%256 != 0) || next-b.Next > l.Entries+255 {
				t.Fatalf("%+v of %d bytes, limits %+v: it ends at %d (%v)", b, size, l, next, due)
			}
			b.Next = next
		}
	}
}

func TestLimitsThatCannotBe(t *testing.T) {
	t.Parallel()
	for _, l := range []Limits{{Entries: 255, Bytes: 1, Age: 1}, {Entries: 256, Age: 1}, {Entries: 256, Bytes: 1}} {
		if l.Check() == nil {
			t.Errorf("%+v is taken", l)
		}
	}
	if err := Standard.Check(); err != nil {
		t.Error(err)
	}
}

func TestTroubleBacksOffAndAlarmsOnce(t *testing.T) {
	t.Parallel()
	var x trouble
	now := time.Unix(0, 0)
	var waits []time.Duration
	alarms := 0
	for range 20 {
		wait, alarm := x.failed(errors.New("refused"), now, 5*time.Minute, 0.5)
		if alarm && now.Before(time.Unix(300, 0)) {
			t.Fatalf("an alarm at %s", now)
		}
		if alarm {
			alarms++
		}
		waits = append(waits, wait)
		now = now.Add(wait)
	}
	if waits[0] != 750*time.Millisecond || waits[1] != 1500*time.Millisecond || waits[19] != lastPause*3/4 || alarms == 0 {
		t.Fatalf("%v, %d alarms", waits, alarms)
	}
	if _, alarm := (&trouble{}).failed(ErrConflict, now, time.Hour, 0); !alarm {
		t.Fatal("a conflict does not go away by waiting")
	}
	x.over()
	if wait, alarm := x.failed(errors.New("refused"), now, time.Minute, 0); wait != firstPause/2 || alarm {
		t.Fatal(wait, alarm)
	}
}

func FuzzKey(f *testing.F) {
	for _, s := range []string{PartKey(0, 1), PartKey(700, 1<<63), ManifestKey(5, 9), CheckpointKey(12), "part/0-1.parquet", "part/", "checkpoint/00000000000000000000", "part/00000000000000000009-00000000000000000002.parquet", "checkpoint/+0000000000000000001"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if first, next, ok := ParsePart(s); ok && PartKey(first, next) != s {
			t.Errorf("%q is read as %d to %d", s, first, next)
		}
		if size, ok := ParseCheckpoint(s); ok && CheckpointKey(size) != s {
			t.Errorf("%q is read as %d", s, size)
		}
	})
}

func TestKeysAreReadAsTheyAreWritten(t *testing.T) {
	t.Parallel()
	if first, next, ok := ParsePart(PartKey(7, 70_000)); !ok || first != 7 || next != 70_000 {
		t.Error(first, next, ok)
	}
	if size, ok := ParseCheckpoint(CheckpointKey(70_000)); !ok || size != 70_000 {
		t.Error(size, ok)
	}
	if _, _, ok := ParsePart(PartKey(9, 2)); ok {
		t.Error("a part that ends before it begins")
	}
}
