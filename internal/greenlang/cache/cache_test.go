package cache

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/greenlang/enginetest"
)

func TestBreakerOpensOnTheFifth(t *testing.T) {
	t.Parallel()
	var b Breaker
	now := time.Unix(0, 0)
	for i := range 4 {
		b.Record(false, now)
		if b.Open() || !b.Allow(now) {
			t.Fatalf("open after %d failures", i+1)
		}
	}
	b.Record(true, now) // not consecutive any more
	for range 5 {
		if b.Open() {
			t.Fatal("open too early after a success")
		}
		b.Record(false, now)
	}
	if !b.Open() || b.Allow(now.Add(breakerRest-1)) {
		t.Fatal("not open after the fifth")
	}
	later := now.Add(breakerRest)
	if !b.Allow(later) || b.Allow(later) {
		t.Fatal("one trial, and one only, must be allowed")
	}
	if b.Record(true, later); b.Open() || !b.Allow(later) {
		t.Fatal("a trial that succeeds must close it")
	}
}

func TestAllowanceBoundsAbsences(t *testing.T) {
	t.Parallel()
	a := allowance{most: 3, window: time.Second}
	granted := 0
	for i := range 100 { // over 2 s: two windows
		if a.take(time.Unix(10, int64(i)*int64(20*time.Millisecond))) {
			granted++
		}
	}
	if granted != 6 {
		t.Fatalf("%d granted, want 3 in each of 2 windows", granted)
	}
}

func TestCacheOnRedis(t *testing.T) {
	t.Parallel()
	r := enginetest.StartRedis(t, "caching, and going on while Redis is dead or hangs")
	c, err := Open(Options{Address: r.Address, Timeout: time.Second, MostAbsent: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	ctx := context.Background()
	want := func(key string, lookup Lookup) {
		t.Helper()
		var v string
		if got := c.Get(ctx, key, &v); got != lookup || got == Hit && v != "value" {
			t.Fatalf("%s: got %d %q, want %d", key, got, v, lookup)
		}
	}
	want("k", Miss)
	c.Put(ctx, "k", "value")
	want("k", Hit)
	c.Forget(ctx, "k")
	want("k", Miss)
	c.PutAbsent(ctx, "nothing")
	c.PutAbsent(ctx, "beyond the bound")
	want("nothing", Absent)
	want("beyond the bound", Miss)
	minute := time.Unix(6000, 0)
	c.CountRun(ctx, "cus", minute)
	c.CountRun(ctx, "cus", minute.Add(59*time.Second))
	c.CountRun(ctx, "cus", minute.Add(60*time.Second))
	if n, known := c.RunsInMinute(ctx, "cus", minute); n != 2 || !known {
		t.Fatalf("%d runs, known %v", n, known)
	}
	for _, fault := range []struct {
		name       string
		hurt, heal func()
	}{
		{"kill", r.Kill, func() { r.Start(t) }},
		{"freeze", r.Freeze, r.Thaw},
	} {
		fault.hurt()
		enginetest.Await(t, "the breaker is open after "+fault.name, func() error {
			c.Put(ctx, "k", "value")
			if !c.Open() {
				return fmt.Errorf("still closed")
			}
			return nil
		})
		if _, known := c.RunsInMinute(ctx, "cus", minute); known {
			t.Errorf("%s: a rate is known without Redis", fault.name)
		}
		fault.heal()
		enginetest.Await(t, "it works again after "+fault.name, func() error { return c.Ping(ctx) })
		c.Put(ctx, "k", "value")
		want("k", Hit)
	}
}
