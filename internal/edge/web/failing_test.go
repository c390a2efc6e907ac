package web_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/edge/config"
	"github.com/greenlang/fournines/internal/edge/event"
	"github.com/greenlang/fournines/internal/edge/web"
	"github.com/greenlang/fournines/internal/platformtest/loopback"
	"github.com/greenlang/fournines/kit/cell"
)

// ask sends one request and returns the status and who served it.
func ask(t *testing.T, st *stand, method string, header ...string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, st.front.URL+"/x", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range header {
		name, value, _ := strings.Cut(h, ":")
		request.Header.Set(name, value)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, answer.Header.Get("X-Served-By")
}

func answering(status int, served *atomic.Int64) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/healthz" {
			return
		}
		served.Add(1)
		w.WriteHeader(status)
	}
}

// closedPort returns an address at which nobody listens.
func closedPort(t *testing.T) string { return loopback.Free(t) }

// deaf accepts connections and never answers.
func deaf(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { conn.Close() })
		}
	}()
	return l.Addr().String()
}

// rare keeps probes out of tests that are about the traffic.
const rare = config.Duration(time.Hour)

// TestBreakerOpensOnTheFifth: row 7.1.11, over the wire. A POST is not sent
// again, so every failure is seen.
func TestBreakerOpensOnTheFifth(t *testing.T) {
	t.Parallel()
	for _, way := range ways {
		t.Run(string(way), func(t *testing.T) {
			t.Parallel()
			var bad, good atomic.Int64
			a := backend(t, "bad", answering(500, &bad))
			b := backend(t, "good", answering(200, &good))
			b.Drain = true // at first everything goes to the bad one
			policy := config.HTTPPolicy{Upstream: way, ProbeEvery: rare, ReprobeEvery: rare, BreakerCooldown: rare}
			st := newStand(t, policy, a, b)
			for i := 1; i <= 5; i++ {
				if states, _ := st.States(); states[0].Breaker != "closed" {
					t.Fatalf("open after %d failures", i-1)
				}
				if status, _ := ask(t, st, http.MethodPost); status != 500 {
					t.Fatalf("request %d: status %d", i, status)
				}
			}
			states, _ := st.States()
			if states[0].Breaker != "open" || st.saw(event.BreakerOpen) != 1 {
				t.Fatalf("after 5 failures the breaker is %s, with %d events", states[0].Breaker, st.saw(event.BreakerOpen))
			}
			b.Drain = false
			st.Update(config.HTTPService{Name: "api", Targets: []config.Target{a, b}, Policy: policy}, web.Where{})
			for range 50 {
				if status, by := ask(t, st, http.MethodPost); status != 200 || by != "good" {
					t.Fatalf("status %d from %q", status, by)
				}
			}
			if bad.Load() != 5 {
				t.Fatalf("the bad target got %d requests, want 5", bad.Load())
			}
		})
	}
}

// TestHalfOpen: after the cooldown one request is the trial, and closes it.
func TestHalfOpen(t *testing.T) {
	t.Parallel()
	var failing atomic.Bool
	failing.Store(true)
	target := backend(t, "a", func(w http.ResponseWriter, r *http.Request) {
		if failing.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	other := backend(t, "b", func(http.ResponseWriter, *http.Request) {})
	st := newStand(t, config.HTTPPolicy{ProbeEvery: rare, ReprobeEvery: rare, BreakerCooldown: config.Duration(10 * time.Millisecond)}, target, other)
	eventually(t, "the breaker opens", func() bool {
		ask(t, st, http.MethodGet)
		return st.saw(event.BreakerOpen) > 0
	})
	failing.Store(false)
	eventually(t, "the breaker closes", func() bool {
		ask(t, st, http.MethodGet)
		return st.saw(event.BreakerClosed) > 0
	})
	if st.saw(event.BreakerHalfOpen) == 0 {
		t.Fatal("it closed without a trial")
	}
}

// TestRetries: what may be sent again is, what may not is not.
func TestRetries(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name   string
		target func(t *testing.T) string // the address of the failing one
		method string
		header []string
		always bool // every request must succeed
	}{
		{"refused, get", closedPort, "GET", nil, true},
		{"refused, post: it was never sent", closedPort, "POST", nil, true},
		{"hung, get", deaf, "GET", nil, true},
		{"hung, post with a key", deaf, "POST", []string{"Idempotency-Key:k1"}, true},
		{"hung, post", deaf, "POST", nil, false},
		{"503, get", unavailable, "GET", nil, true},
		{"503, post", unavailable, "POST", nil, false},
		{"closing, get", hangingUp, "GET", nil, true},
		{"closing, post", hangingUp, "POST", nil, false},
	}
	for _, way := range ways {
		for _, c := range cases {
			t.Run(fmt.Sprintf("%s/%s", way, c.name), func(t *testing.T) {
				t.Parallel()
				policy := config.HTTPPolicy{
					Upstream: way, ProbeEvery: rare, ReprobeEvery: rare, BreakerFailures: 1000,
					TryTimeout: config.Duration(200 * time.Millisecond), Timeout: config.Duration(time.Second),
				}
				var served atomic.Int64
				good := backend(t, "good", answering(200, &served))
				st := newStand(t, policy, config.Target{Name: "bad", Address: c.target(t)}, good)
				// The choice is random: what must fail is tried until it does.
				failed, sent := 0, 0
				for ; sent < 10 || (!c.always && failed == 0 && sent < 500); sent++ {
					if !c.always && failed > 0 {
						break
					}
					status, by := ask(t, st, c.method, c.header...)
					if status != 200 {
						failed++
					} else if by != "good" {
						t.Fatalf("served by %q", by)
					}
				}
				if c.always && failed > 0 {
					t.Fatalf("%d of %d failed", failed, sent)
				}
				if !c.always && failed == 0 {
					t.Fatal("none failed: something was sent again that must not be")
				}
				if int(served.Load()) != sent-failed {
					t.Fatalf("the good target served %d, the client saw %d", served.Load(), sent-failed)
				}
			})
		}
	}
}

func unavailable(t *testing.T) string {
	return backend(t, "", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }).Address
}

func hangingUp(t *testing.T) string { return scripted(t, "", true).Address }

// TestBudget: when everything fails, retries stay within the budget.
func TestBudget(t *testing.T) {
	t.Parallel()
	var served atomic.Int64
	a, b := backend(t, "a", answering(503, &served)), backend(t, "b", answering(503, &served))
	none := 0
	st := newStand(t, config.HTTPPolicy{BreakerFailures: 100000, ProbeEvery: rare, ReprobeEvery: rare, BudgetFloor: &none}, a, b)
	for range 200 {
		if status, _ := ask(t, st, http.MethodGet); status != 503 {
			t.Fatalf("status %d", status)
		}
	}
	// A run longer than the window of ten seconds still grants no more.
	if n := served.Load(); n < 201 || n > 240 {
		t.Fatalf("200 requests became %d, want 201 to 240", n)
	}
}

// TestDrain: nothing new, but what is under way finishes.
func TestDrain(t *testing.T) {
	t.Parallel()
	arrived, finish := make(chan bool), make(chan bool)
	a := backend(t, "a", func(w http.ResponseWriter, r *http.Request) {
		arrived <- true
		<-finish
	})
	var served atomic.Int64
	b := backend(t, "b", answering(200, &served))
	b.Drain = true
	st := newStand(t, config.HTTPPolicy{ProbeEvery: rare, ReprobeEvery: rare}, a, b)
	done := make(chan string)
	go func() {
		answer, err := http.Get(st.front.URL)
		if err != nil {
			done <- err.Error()
			return
		}
		answer.Body.Close()
		done <- answer.Header.Get("X-Served-By")
	}()
	<-arrived
	a.Drain, b.Drain = true, false
	st.Update(config.HTTPService{Name: "api", Targets: []config.Target{a, b}, Policy: config.HTTPPolicy{ProbeEvery: rare, ReprobeEvery: rare}}, web.Where{})
	for range 10 {
		if status, by := ask(t, st, http.MethodGet); status != 200 || by != "b" {
			t.Fatalf("status %d from %q", status, by)
		}
	}
	close(finish)
	if by := <-done; by != "a" {
		t.Fatalf("the request under way ended with %q", by)
	}
}

// TestProbes: a hung target goes down, one that comes back comes up, and
// neither delays the probes of the other.
func TestProbes(t *testing.T) {
	t.Parallel()
	var sick atomic.Bool
	sick.Store(true)
	a := backend(t, "a", func(w http.ResponseWriter, r *http.Request) {
		if sick.Load() {
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	a.HealthPath = "/healthz"
	hung := config.Target{Name: "hung", Address: deaf(t), HealthPath: "/healthz"}
	fine := backend(t, "fine", func(http.ResponseWriter, *http.Request) {})
	fine.HealthPath = "/healthz"
	quick := config.Duration(20 * time.Millisecond)
	st := newStand(t, config.HTTPPolicy{ProbeEvery: quick, ReprobeEvery: quick, ProbeTimeout: config.Duration(15 * time.Second)}, a, hung, fine)
	eventually(t, "the sick one is down", func() bool { return st.saw(event.TargetDown) == 1 })
	sick.Store(false)
	eventually(t, "it is up again", func() bool { return st.saw(event.TargetUp) == 1 })
	states, _ := st.States()
	if !states[2].Up {
		t.Fatal("the fine one is down")
	}
}

// TestPanic: with two of three down everything serves, and the state says so.
func TestPanic(t *testing.T) {
	t.Parallel()
	var served atomic.Int64
	targets := []config.Target{{Name: "a"}, {Name: "b"}, backend(t, "c", answering(200, &served))}
	quick := config.Duration(20 * time.Millisecond)
	for i := range targets[:2] {
		targets[i] = backend(t, targets[i].Name, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/healthz" {
				w.WriteHeader(http.StatusInternalServerError)
			}
		})
		targets[i].HealthPath = "/healthz"
	}
	st := newStand(t, config.HTTPPolicy{ProbeEvery: quick, ReprobeEvery: quick}, targets...)
	eventually(t, "two are down", func() bool { return st.saw(event.TargetDown) == 2 })
	by := map[string]int{}
	for range 100 {
		_, name := ask(t, st, http.MethodGet)
		by[name]++
	}
	if len(by) != 3 || st.saw(event.PanicBegan) != 1 {
		t.Fatalf("served by %v, %d panics", by, st.saw(event.PanicBegan))
	}
	if _, panicking := st.States(); !panicking {
		t.Fatal("the state does not say so")
	}
}

// TestCounters: each request is in exactly one finished second, under its
// version and cell.
func TestCounters(t *testing.T) {
	t.Parallel()
	for _, way := range ways {
		t.Run(string(way), func(t *testing.T) {
			t.Parallel()
			st := newStand(t, config.HTTPPolicy{Upstream: way, ProbeEvery: rare}, backend(t, "a", func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("X-Version", "v7")
				if r.Header.Get("X-Fail") != "" {
					w.WriteHeader(http.StatusInternalServerError)
				}
			}))
			ask(t, st, "POST", "X-Customer:globex")
			ask(t, st, "POST", "X-Customer:globex", "X-Cell:11", "X-Fail:1")
			ask(t, st, "POST", "X-Cell:99")
			for _, check := range []string{"GET /readyz", "GET /readyz/read", "PUT /readyz/write"} { // no customer's
				method, path, _ := strings.Cut(check, " ")
				req, err := http.NewRequestWithContext(t.Context(), method, st.front.URL+path, http.NoBody)
				if err != nil {
					t.Fatal(err)
				}
				probe, err := http.DefaultClient.Do(req)
				if err != nil || probe.StatusCode != http.StatusOK {
					t.Fatal(check, err, probe)
				}
				_ = probe.Body.Close()
			}
			type got struct{ requests, failed uint32 }
			cells := map[int]got{}
			eventually(t, "three requests are in finished seconds", func() bool {
				clear(cells)
				n := uint32(0)
				for _, second := range st.tally.Since(0, time.Now()) {
					for _, row := range second.Rows {
						if row.Service != "api" || row.Target != "a" || row.Version != "v7" || row.Latency.Quantile(1) == 0 {
							t.Fatalf("unexpected row %+v", row)
						}
						c := cells[row.Cell]
						cells[row.Cell] = got{c.requests + row.Requests, c.failed + row.Failed}
						n += row.Requests
					}
				}
				return n == 3
			})
			want := map[int]got{cell.Of("globex", 12): {1, 0}, 11: {1, 1}, -1: {1, 0}}
			if cell.Of("globex", 12) == 11 {
				t.Fatal("choose another customer: the cells coincide")
			}
			for cell, w := range want {
				if cells[cell] != w {
					t.Errorf("cell %d: %+v, want %+v", cell, cells[cell], w)
				}
			}
		})
	}
}

// TestNobody: without any target the client gets a clear 503, soon.
func TestNobody(t *testing.T) {
	t.Parallel()
	a := backend(t, "a", func(http.ResponseWriter, *http.Request) {})
	a.Drain = true
	st := newStand(t, config.HTTPPolicy{}, a)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, st.front.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusServiceUnavailable || answer.Header.Get("Content-Type") != "application/problem+json" {
		t.Fatalf("got %d %q", answer.StatusCode, answer.Header.Get("Content-Type"))
	}
}
