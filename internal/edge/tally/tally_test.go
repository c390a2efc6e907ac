package tally_test

import (
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/edge/tally"
)

var start = time.Unix(1_800_000_000, 0)

func add(t *tally.Tally, second float64, failed bool) {
	t.Add(&tally.Sample{Key: tally.Key{Service: "api", Target: "a"}, Failed: failed, Retried: 1, Latency: 2 * time.Millisecond},
		start.Add(time.Duration(second*float64(time.Second))))
}

func TestSeconds(t *testing.T) {
	t.Parallel()
	ta := tally.New(start)
	add(ta, 0.1, false)
	add(ta, 0.9, true)
	add(ta, 2.5, false) // second 1 stays empty
	if got := ta.Since(0, start.Add(900*time.Millisecond)); len(got) != 2 {
		t.Fatalf("a clock that went back hands out %d seconds, want the 2 that are over", len(got))
	}
	got := ta.Since(0, start.Add(3*time.Second))
	if len(got) != 3 || len(got[0].Rows) != 1 || len(got[1].Rows) != 0 || len(got[2].Rows) != 1 {
		t.Fatalf("got %+v", got)
	}
	if r := got[0].Rows[0]; r.Requests != 2 || r.Failed != 1 || r.Retried != 2 || got[0].Seq != 1_800_000_000 {
		t.Fatalf("got %+v in second %d", r, got[0].Seq)
	}
	if rest := ta.Since(got[1].Seq, start.Add(3*time.Second)); len(rest) != 1 || rest[0].Seq != got[2].Seq {
		t.Fatalf("resumed with %+v", rest)
	}
	late := ta.Since(0, start.Add(time.Hour))
	if len(late) != tally.Kept || late[len(late)-1].Seq != 1_800_000_000+3599 {
		t.Fatalf("after an hour there are %d seconds up to %d", len(late), late[len(late)-1].Seq)
	}
}

func TestHistogram(t *testing.T) {
	t.Parallel()
	var h tally.Histogram
	if h.Quantile(0.5) != 0 {
		t.Fatal("an empty histogram has a median")
	}
	for d := time.Microsecond; d < 2*time.Minute; d = d*5/4 + 1 {
		var one tally.Histogram
		one.Add(d)
		if bound := one.Quantile(0.5); bound < d && bound != tally.Bound(tally.Buckets-1) {
			t.Fatalf("%v is counted up to %v", d, bound)
		}
		if bound := one.Quantile(0.5); d > 64*time.Microsecond && bound > d*3/2+1 {
			t.Fatalf("%v is counted as coarsely as %v", d, bound)
		}
		h.Add(d)
	}
	if !(h.Quantile(0.1) < h.Quantile(0.5) && h.Quantile(0.5) < h.Quantile(0.99)) {
		t.Fatal("quantiles do not grow")
	}
}
