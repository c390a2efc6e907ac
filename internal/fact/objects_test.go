package fact

import (
	"testing"
	"time"
)

func TestAClockIsAfterWhatItFollows(t *testing.T) {
	t.Parallel()
	wall := time.UnixMilli(1000)
	a := Clock{}.Next(wall)
	b := a.Next(wall)                   // the same millisecond
	c := b.Next(wall.Add(-time.Second)) // a clock that is behind
	d := c.Next(wall.Add(time.Millisecond))
	for i, pair := range [][2]Clock{{a, b}, {b, c}, {c, d}} {
		if pair[0].Compare(pair[1]) >= 0 {
			t.Errorf("%d: %v is not before %v", i, pair[0], pair[1])
		}
	}
	if d != (Clock{Wall: 1001}) {
		t.Errorf("%v", d)
	}
}

func TestTheLagIsUnknownUntilBothSidesWereCompared(t *testing.T) {
	t.Parallel()
	now := time.UnixMilli(5000)
	if got := (ObjectMirror{}).Lag(now); got != -1 {
		t.Errorf("%v", got)
	}
	if got := (ObjectMirror{Whole: time.UnixMilli(3000)}).Lag(now); got != 2*time.Second {
		t.Errorf("%v", got)
	}
	if got := (ObjectMirror{Whole: time.UnixMilli(6000)}).Lag(now); got != 0 {
		t.Errorf("clocks differ: %v", got)
	}
}

func FuzzParseOrigin(f *testing.F) {
	for _, s := range []string{"", "us-east-1/1764247000123.2/01KB", "a/1.0/b/c", "a/01.0/b", "a/1/b", "/1.0/b", "a/1.0/", "a/-1.0/b", "a/1.+2/b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		o, err := ParseOrigin(text)
		if err == nil && o.String() != text {
			t.Errorf("%q became %q", text, o)
		}
	})
}
