package serve

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"
)

func TestLeaseEndsByItself(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		var m misbehaviour
		m.lease.Store(&Lease{Hang: true, Until: begin.Add(3 * time.Second)})
		h := m.wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
		get := func(path string) (int, time.Duration) {
			from, w := time.Now(), httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
			return w.Code, time.Since(from)
		}
		if code, took := get("/readyz"); code != http.StatusTeapot || took != 0 {
			t.Errorf("health was not meant: %d after %s", code, took)
		}
		if code, took := get("/v1/runs"); code != http.StatusTeapot || took != 3*time.Second {
			t.Errorf("hang: %d after %s", code, took)
		}
		if m.current(time.Now()) != nil {
			t.Error("the lease is still there after its end")
		}
		if code, took := get("/v1/runs"); code != http.StatusTeapot || took != 0 {
			t.Errorf("after the end: %d after %s", code, took)
		}
		m.lease.Store(&Lease{ErrorRate: 1, LatencyMS: 250, Until: time.Now().Add(time.Minute)})
		if code, took := get("/v1/runs"); code != http.StatusInternalServerError || took != 250*time.Millisecond {
			t.Errorf("errors: %d after %s", code, took)
		}
	})
}

func TestLeaseBounds(t *testing.T) {
	t.Parallel()
	now := time.Unix(1000, 0)
	for _, c := range []struct {
		name string
		l    Lease
		ok   bool
	}{
		{"no end", Lease{Hang: true}, false},
		{"over", Lease{Until: now}, false},
		{"too long", Lease{Until: now.Add(MaxLease + 1)}, false},
		{"longest", Lease{Until: now.Add(MaxLease)}, true},
		{"rate above one", Lease{ErrorRate: 1.1, Until: now.Add(1)}, false},
		{"negative latency", Lease{LatencyMS: -1, Until: now.Add(1)}, false},
	} {
		if err := c.l.Check(now); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	failed := 0
	l := Lease{ErrorRate: 0.25, Until: now.Add(time.Second)}
	for i := range 100 {
		if l.Effect(now, float64(i)/100).Fail {
			failed++
		}
	}
	if failed != 25 {
		t.Errorf("%d of 100 rolls fail at a rate of 0.25", failed)
	}
}
