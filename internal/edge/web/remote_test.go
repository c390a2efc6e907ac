package web_test

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/edge/config"
	"github.com/greenlang/fournines/internal/edge/event"
	"github.com/greenlang/fournines/internal/platformtest/loopback"
)

// way is what lies between two regions: while it is cut, what is sent into it arrives when
// it is open again, as with TCP. It refuses nothing.
type way struct {
	address string
	begun   atomic.Int64 // connections

	mu   sync.Mutex // guards what follows
	open chan struct{}
}

func newWay(t *testing.T, far string) *way {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &way{address: l.Addr().String(), open: make(chan struct{})}
	close(w.open)
	ctx, cancel := context.WithCancel(context.Background())
	var carried sync.WaitGroup
	t.Cleanup(func() {
		cancel()
		_ = l.Close()
		carried.Wait()
	})
	carried.Go(func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			w.begun.Add(1)
			carried.Go(func() { w.carry(ctx, near, far) })
		}
	})
	return w
}

func (w *way) carry(ctx context.Context, near net.Conn, far string) {
	defer near.Close() //nolint:errcheck // of a test
	if !w.await(ctx) {
		return
	}
	there, err := net.Dial("tcp", far)
	if err != nil {
		return
	}
	defer there.Close() //nolint:errcheck // of a test
	defer context.AfterFunc(ctx, func() {
		_ = near.Close()
		_ = there.Close()
	})()
	var both sync.WaitGroup
	for _, ends := range [][2]net.Conn{{near, there}, {there, near}} {
		both.Go(func() {
			defer ends[1].(*net.TCPConn).CloseWrite() //nolint:errcheck,forcetypeassert // of a test
			room := make([]byte, 32<<10)
			for {
				n, err := ends[0].Read(room)
				if n > 0 && w.await(ctx) {
					_, _ = ends[1].Write(room[:n])
				}
				if err != nil {
					return
				}
			}
		})
	}
	both.Wait()
}

func (w *way) await(ctx context.Context) bool {
	w.mu.Lock()
	open := w.open
	w.mu.Unlock()
	select {
	case <-open:
		return true
	case <-ctx.Done():
		return false
	}
}

func (w *way) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.open = make(chan struct{})
}

func (w *way) mend() {
	w.mu.Lock()
	defer w.mu.Unlock()
	close(w.open)
}

// farEdge counts what arrived of each request.
type farEdge struct {
	mu  sync.Mutex
	got map[string]int
}

func (f *farEdge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.got[r.Header.Get("X-Number")]++
}

func (f *farEdge) of(number int) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.got[strconv.Itoa(number)]
}

// remote is a service whose target is another region's edge at an address.
func remote(t *testing.T, upstream config.Upstream, timeout time.Duration, address string) *stand {
	t.Helper()
	quick := config.Duration(20 * time.Millisecond)
	return standOf(t, config.HTTPService{
		Name: "api@far", Remote: "far", Targets: []config.Target{{Name: "far", Address: address}},
		Policy: config.HTTPPolicy{Upstream: upstream, ProbeEvery: quick, ReprobeEvery: quick, ProbeTimeout: config.Duration(time.Second), Rise: 1, Timeout: config.Duration(timeout)},
	})
}

// told is an answer in the edge's own name.
type told struct {
	status int
	retry  string
	Detail string
	Region string
	Since  time.Time
}

// post sends a request that must not be sent twice. An answer that never comes fails the test.
func post(t *testing.T, st *stand, number int) (a told) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, st.front.URL+"/x", strings.NewReader("once"))
	if err != nil {
		t.Error(err)
		return a
	}
	req.Header.Set("X-Number", strconv.Itoa(number))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Errorf("request %d: %v", number, err)
		return a
	}
	defer resp.Body.Close()
	if resp.Header.Get("Content-Type") == "application/problem+json" {
		if err := json.NewDecoder(resp.Body).Decode(&a); err != nil {
			t.Error(err)
		}
	}
	a.status, a.retry = resp.StatusCode, resp.Header.Get("Retry-After")
	return a
}

// The way to a home's region is cut: once that is found out nobody waits, nothing is sent, and
// the client is told so; when the way is open requests flow again, and each went there once.
func TestACutWayFailsFast(t *testing.T) {
	t.Parallel()
	for _, upstream := range ways {
		t.Run(string(upstream), func(t *testing.T) {
			t.Parallel()
			far := &farEdge{got: map[string]int{}}
			w := newWay(t, backend(t, "far", far.ServeHTTP).Address)
			st := remote(t, upstream, time.Hour, w.address) // who waits, waits for longer than the test
			if a := post(t, st, 0); a.status != http.StatusOK {
				t.Fatalf("over an open way: %+v", a)
			}
			w.cut()
			waits := make(chan told, 1)
			go func() { waits <- post(t, st, 1) }() // sent before anybody knows
			eventually(t, "the request is under way", func() bool { states, _ := st.States(); return states[0].Inflight == 1 })
			eventually(t, "the way is found dead", func() bool { return st.saw(event.TargetDown) == 1 })
			for number := 2; number < 12; number++ {
				a := post(t, st, number)
				if a.status != http.StatusServiceUnavailable || a.retry == "" || a.Region != "far" || a.Since.IsZero() || !strings.Contains(a.Detail, "nothing was done") {
					t.Fatalf("over a dead way: %+v", a)
				}
			}
			asked := w.begun.Load()
			eventually(t, "the way is looked for again", func() bool { return w.begun.Load() > asked })
			select {
			case a := <-waits:
				t.Fatalf("what was sent is answered although nobody knows: %+v", a)
			default:
			}
			w.mend()
			eventually(t, "the way is found open", func() bool { return st.saw(event.TargetUp) == 1 })
			if a := post(t, st, 12); a.status != http.StatusOK {
				t.Fatalf("over a way that is open again: %+v", a)
			}
			if a := <-waits; a.status != http.StatusOK {
				t.Errorf("what was sent before: %+v", a)
			}
			for number := range 13 {
				want := 1
				if number >= 2 && number < 12 {
					want = 0
				}
				if n := far.of(number); n != want {
					t.Errorf("request %d arrived %d times, want %d", number, n, want)
				}
			}
		})
	}
}

// What was sent into a way that was cut may be carried out later: its client is not told that
// nothing was done, and it is not sent again.
func TestWhatWasSentIsNotCalledUndone(t *testing.T) {
	t.Parallel()
	for _, upstream := range ways {
		t.Run(string(upstream), func(t *testing.T) {
			t.Parallel()
			far := &farEdge{got: map[string]int{}}
			w := newWay(t, backend(t, "far", far.ServeHTTP).Address)
			st := remote(t, upstream, 100*time.Millisecond, w.address)
			w.cut()
			a := post(t, st, 1)
			if a.status != http.StatusGatewayTimeout || strings.Contains(a.Detail, "nothing was done") || !strings.Contains(a.Detail, "not known") {
				t.Errorf("%+v", a)
			}
			w.mend()
			eventually(t, "it arrives late", func() bool { return far.of(1) > 0 })
			eventually(t, "requests flow", func() bool { return post(t, st, 2).status == http.StatusOK })
			if n := far.of(1); n != 1 {
				t.Errorf("it arrived %d times", n)
			}
		})
	}
}

// Requests that wait in the far region, for a home that moves or a new leader, do not make the
// way to it a dead one.
func TestWaitingInTheFarRegionIsNoCut(t *testing.T) {
	t.Parallel()
	arrived, release := make(chan bool, 10), make(chan bool)
	w := newWay(t, backend(t, "far", func(http.ResponseWriter, *http.Request) {
		arrived <- true
		<-release
	}).Address)
	st := remote(t, config.Pooled, time.Hour, w.address)
	answers := make(chan told, 10)
	for number := range 10 {
		go func() { answers <- post(t, st, number) }()
	}
	for range 10 {
		<-arrived
	}
	probes := w.begun.Load()
	eventually(t, "the way is probed on", func() bool { return w.begun.Load() > probes+5 })
	if states, _ := st.States(); !states[0].Up || len(answers) > 0 {
		t.Errorf("%+v, %d answers", states, len(answers))
	}
	close(release)
	for range 10 {
		if a := <-answers; a.status != http.StatusOK {
			t.Errorf("%+v", a)
		}
	}
}

// A far region that answers with errors is reached: its own answers are passed on.
func TestErrorsOfTheFarRegionAreNoCut(t *testing.T) {
	t.Parallel()
	var served atomic.Int64
	st := remote(t, config.Pooled, time.Hour, backend(t, "far", answering(http.StatusServiceUnavailable, &served)).Address)
	for number := range 20 {
		if a := post(t, st, number); a.status != http.StatusServiceUnavailable || a.Region != "" {
			t.Fatalf("request %d: %+v", number, a)
		}
	}
	if n := served.Load(); n != 20 {
		t.Errorf("%d of 20 requests arrived", n)
	}
}

// Where nobody listens nothing can be sent, and the client is told that from the first request on.
func TestNobodyListensInTheFarRegion(t *testing.T) {
	t.Parallel()
	for _, upstream := range ways {
		st := remote(t, upstream, time.Hour, loopback.Free(t))
		for number := range 20 {
			if a := post(t, st, number); a.status != http.StatusServiceUnavailable || a.Region != "far" || !strings.Contains(a.Detail, "nothing was done") {
				t.Fatalf("%s, request %d: %+v", upstream, number, a)
			}
		}
	}
}
