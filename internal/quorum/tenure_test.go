package quorum

import (
	"testing"
	"time"
)

func TestLeaseFor_7_1_3(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	const s = time.Second
	for name, c := range map[string]struct {
		last  tenure
		lease time.Duration
	}{
		"nobody has led":                     {tenure{}, 4 * s},
		"lost soon":                          {tenure{4 * s, now.Add(-39 * s)}, 8 * s},
		"lost soon again":                    {tenure{8 * s, now.Add(-79 * s)}, 16 * s},
		"no longer than four times":          {tenure{16 * s, now.Add(-s)}, 16 * s},
		"lasted":                             {tenure{4 * s, now.Add(-40 * s)}, 4 * s},
		"lasted, with a long lease":          {tenure{16 * s, now.Add(-160 * s)}, 8 * s},
		"began by a clock that runs ahead":   {tenure{4 * s, now.Add(s)}, 8 * s},
		"of servers that had a shorter one":  {tenure{s, now.Add(-s)}, 8 * s},
		"of servers that had a longer one":   {tenure{64 * s, now.Add(-s)}, 16 * s},
		"lasted, of those with a longer one": {tenure{64 * s, now.Add(-time.Hour)}, 16 * s},
	} {
		if got := leaseFor(4*s, c.last, now); got != c.lease {
			t.Errorf("%s: %s, not %s", name, got, c.lease)
		}
	}
}

// A machine that loses every lease at once is given long ones, and short ones again when
// it does so no more.
func TestLeaseRecovers(t *testing.T) {
	t.Parallel()
	now, last := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC), tenure{}
	stand := func(lasted time.Duration) time.Duration {
		last = tenure{leaseFor(4*time.Second, last, now), now}
		now = now.Add(lasted)
		return last.TTL
	}
	for range 5 {
		stand(5 * time.Second)
	}
	if got := stand(time.Hour); got != 16*time.Second {
		t.Errorf("after five leases lost at once the sixth is %s", got)
	}
	stand(time.Hour)
	if got := stand(time.Hour); got != 4*time.Second {
		t.Errorf("two leaderships of an hour later it is %s", got)
	}
}
