package web_test

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/edge/config"
	"github.com/greenlang/fournines/internal/edge/event"
	"github.com/greenlang/fournines/internal/edge/tally"
	"github.com/greenlang/fournines/internal/edge/web"
)

// ways are the two ways upstream; every behaviour is tested through both.
var ways = []config.Upstream{config.Pooled, config.Standard}

// stand is a service behind a real net/http server.
type stand struct {
	*web.Service
	front *httptest.Server
	tally *tally.Tally

	mu     sync.Mutex
	events []event.Event
}

func newStand(t *testing.T, policy config.HTTPPolicy, targets ...config.Target) *stand {
	t.Helper()
	return standOf(t, config.HTTPService{Name: "api", Targets: targets, Policy: policy, HealthPath: "/readyz"})
}

func standOf(t *testing.T, spec config.HTTPService) *stand {
	t.Helper()
	st := &stand{tally: tally.New(time.Now())}
	st.Service = web.New(spec, web.Where{Cells: 12, Region: "near"}, web.Deps{
		Now: time.Now, Rand: rand.Uint64, Tally: st.tally, Logger: slog.New(slog.DiscardHandler),
		Events: func(e event.Event) {
			st.mu.Lock()
			defer st.mu.Unlock()
			st.events = append(st.events, e)
		},
	})
	st.front = httptest.NewServer(st.Service)
	t.Cleanup(func() {
		st.front.Close()
		st.Service.Close()
	})
	return st
}

// saw counts the events of a kind.
func (st *stand) saw(kind event.Kind) (n int) {
	st.mu.Lock()
	defer st.mu.Unlock()
	for _, e := range st.events {
		if e.Kind == kind {
			n++
		}
	}
	return n
}

// eventually waits for a fact, generously.
func eventually(t *testing.T, what string, fact func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !fact() {
		select {
		case <-ctx.Done():
			t.Fatalf("never happened: %s", what)
		case <-tick.C:
		}
	}
}

// scripted is an upstream that answers every request with the same bytes.
func scripted(t *testing.T, answer string, closes bool) config.Target {
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
			go play(conn, answer, closes)
		}
	}()
	return config.Target{Name: "scripted", Address: l.Addr().String()}
}

func play(conn net.Conn, answer string, closes bool) {
	defer conn.Close()
	r := bufio.NewReader(conn)
	for {
		request, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		if _, err := io.Copy(io.Discard, request.Body); err != nil {
			return
		}
		if _, err := io.WriteString(conn, answer); err != nil || closes {
			return
		}
	}
}

// backend is a real net/http upstream.
func backend(t *testing.T, name string, h http.HandlerFunc) config.Target {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return config.Target{Name: name, Address: s.Listener.Addr().String()}
}

// raw sends bytes to the front and reads one answer.
func raw(t *testing.T, st *stand, method, bytes string) (*http.Response, string, error) {
	t.Helper()
	conn, err := net.Dial("tcp", st.front.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, bytes); err != nil {
		t.Fatal(err)
	}
	reader := bufio.NewReader(conn)
	for {
		answer, err := http.ReadResponse(reader, &http.Request{Method: method})
		if err != nil {
			return nil, "", err
		}
		if answer.StatusCode < 200 {
			continue // informational; the final answer follows
		}
		body, err := io.ReadAll(answer.Body)
		return answer, string(body), err
	}
}
