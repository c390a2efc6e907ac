package archive_test

import (
	"os"
	"testing"
	"time"
)

func TestWhatIsArchivedCanBeVerifiedFromTheBucketAlone(t *testing.T) {
	t.Parallel()
	l, r := newLedger(t), newReal(t, nil)
	l.trust(t, r.Place())
	a := archiver(t, options(l, r.Place(), r, t.TempDir()))
	for _, n := range []int{1, 300, 2500, 7, 70_000 / 16} {
		l.add(t, n)
		drain(t, a, l, l.Head().Size)
	}
	s, err := l.Status()
	if err != nil {
		t.Fatal(err)
	}
	v, err := verify(t.Context(), l, r, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if v.Size != s.Next || v.Parts != int(s.Parts) || v.Until.Before(time.Now().Add(week-time.Hour)) || len(v.Covered) != 0 {
		t.Fatalf("%+v\n%+v", v, s)
	}
	if entries, err := os.ReadDir(l.Dir()); err != nil || len(entries) == 0 {
		t.Fatal(err)
	}
	t.Logf("%d entries in %d parts and %d objects, %d bytes", v.Size, v.Parts, v.Objects, v.Bytes)
}
