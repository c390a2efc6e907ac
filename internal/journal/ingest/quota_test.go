package ingest

import (
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"
)

// Over any stretch of time a tenant gets no more than the burst and the rate allow, and
// one that asks often enough gets that much.
func TestQuotaHoldsOverAnyStretch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q, r := Quota{PerSecond: 50, Burst: 200}, rand.New(rand.NewPCG(1, 2))
		var b Bucket
		begun, total := time.Now(), 0
		for range 5000 {
			time.Sleep(time.Duration(r.IntN(40)) * time.Millisecond)
			n := 1 + r.IntN(30)
			left, took, wait := q.Take(b, n, time.Now())
			if took < 0 || took > n || (took == n) != (wait == 0) || wait < 0 {
				t.Fatalf("took %d of %d, wait %s", took, n, wait)
			}
			b, total = left, total+took
			if most := 200 + 50*time.Since(begun).Seconds(); float64(total) > most+1e-6 {
				t.Fatalf("%d tokens, at most %g were to be had", total, most)
			}
		}
		if least := 50*time.Since(begun).Seconds() - 200; float64(total) < least {
			t.Fatalf("only %d tokens, at least %g were to be had", total, least)
		}
	})
}

func TestQuotaWaitIsEnough(t *testing.T) {
	t.Parallel()
	q, now := Quota{PerSecond: 10, Burst: 20}, time.Unix(1000, 0)
	b, took, wait := q.Take(Bucket{}, 35, now)
	if took != 20 || wait != 1500*time.Millisecond {
		t.Fatalf("took %d, wait %s", took, wait)
	}
	if _, again, _ := q.Take(b, 15, now.Add(wait)); again != 15 {
		t.Fatalf("after the wait %d of 15", again)
	}
	if _, none, _ := q.Take(b, 1, now.Add(-time.Hour)); none != 0 {
		t.Fatal("a clock that goes back gives tokens")
	}
	if q.Full(b, now.Add(1999*time.Millisecond)) || !q.Full(b, now.Add(2*time.Second)) || !q.Full(q.Return(b, 20), now) {
		t.Fatal("it is not full when it should be")
	}
}
