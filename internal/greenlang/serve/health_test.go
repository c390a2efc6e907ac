package serve

import (
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

func TestReadinessTellsOwnTroubleFromOthers(t *testing.T) {
	t.Parallel()
	start := time.Unix(1000, 0)
	down := errors.New("connection refused")
	for _, c := range []struct {
		name  string
		do    func(*Health)
		at    time.Duration
		ready bool
		own   string
	}{
		{"just started", func(*Health) {}, 0, true, "ok"},
		{"never saw anything", func(*Health) {}, 11 * time.Second, false, "ok"},
		{"postgres down, redis up, for an hour", func(h *Health) {
			h.Observe(Redis, nil, start)
			h.Observe(Postgres, down, start)
		}, time.Hour, true, "ok"},
		{"redis down, postgres up, for an hour", func(h *Health) {
			h.Observe(Postgres, nil, start)
			h.Observe(Redis, down, start)
		}, time.Hour, true, "ok"},
		{"both down, within grace of the last", func(h *Health) {
			h.Observe(Postgres, nil, start)
			h.Observe(Redis, down, start)
			h.Observe(Postgres, down, start.Add(100*time.Second))
		}, 109 * time.Second, true, "ok"},
		{"both down, after grace", func(h *Health) {
			h.Observe(Postgres, nil, start)
			h.Observe(Redis, down, start)
			h.Observe(Postgres, down, start.Add(100*time.Second))
		}, 110 * time.Second, false, "ok"},
		{"draining", func(h *Health) { h.Observe(Postgres, nil, start); h.Drain() }, 0, false, "draining"},
		{"misconfigured", func(h *Health) { h.Observe(Redis, nil, start); h.Broken("login refused") }, 0, false, "misconfigured"},
		{"mended", func(h *Health) { h.Observe(Redis, nil, start); h.Broken("login refused"); h.Broken("") }, 0, true, "ok"},
	} {
		h := NewHealth(10*time.Second, start)
		c.do(h)
		if r := h.Readiness(start.Add(c.at)); r.Ready != c.ready || r.Own != c.own {
			t.Errorf("%s: %+v", c.name, r)
		}
	}
}

func TestSinceIsTheChange(t *testing.T) {
	t.Parallel()
	h, start := NewHealth(time.Second, time.Unix(0, 0)), time.Unix(100, 0)
	h.Observe(Postgres, &pgconn.PgError{Code: "57P03"}, start)
	h.Observe(Postgres, errors.New("later"), start.Add(time.Minute))
	d := h.Readiness(start.Add(time.Hour)).Dependencies[Postgres]
	if !d.Since.Equal(start) || d.State != stateDown || d.Error != "later" {
		t.Fatalf("%+v", d)
	}
}
