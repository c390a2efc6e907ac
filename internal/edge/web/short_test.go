package web_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/edge/config"
	"github.com/greenlang/fournines/internal/edge/event"
	"github.com/greenlang/fournines/internal/platformtest/short"
)

// A request that the edge itself cannot send, for want of descriptors, says nothing of its
// target: no breaker counts it, and the client is told that nothing was done. It happens in a
// process of its own, since the tests of one share its descriptors.
func TestARequestThatCannotBeSentAccusesNobody_7_1_11(t *testing.T) {
	t.Parallel()
	if short.Inside() {
		for _, way := range ways {
			t.Run(string(way), func(t *testing.T) { withoutDescriptors(t, way, short.Handed()) })
		}
		return
	}
	hang := make(chan struct{})
	target := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/slow" {
			return
		}
		select {
		case <-hang:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(target.Close)
	defer close(hang)
	short.Run(t, target.Listener.Addr().String())
}

func withoutDescriptors(t *testing.T, way config.Upstream, address string) {
	often := config.Duration(20 * time.Millisecond)
	st := newStand(t, config.HTTPPolicy{Upstream: way, ProbeEvery: often, ReprobeEvery: often}, config.Target{Name: "t", Address: address, HealthPath: "/readyz"})
	var clients []net.Conn
	for range 8 { // more than a breaker forgives
		c, err := net.Dial("tcp", st.front.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if status, _ := demand(t, c, "/"); status != http.StatusOK {
			t.Fatal(status)
		}
		clients = append(clients, c)
	}
	take, back := short.Exhaust(t, 128)
	defer back()
	state := func() (s struct {
		blind, up bool
		failures  int
		breaker   string
	}) {
		states, _ := st.States()
		s.blind, s.up, s.failures, s.breaker = states[0].Blind != "", states[0].Up, states[0].ConsecutiveFailures, states[0].Breaker
		return s
	}
	eventually(t, "the edge says that it cannot look", func() bool { // a probe that was under way may give one back
		take()
		return state().blind
	})
	take()
	if _, err := fmt.Fprint(clients[0], "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n"); err != nil { // it has the one connection that is at hand
		t.Fatal(err)
	}
	eventually(t, "it is under way", func() bool { states, _ := st.States(); return states[0].Inflight == 1 })
	for _, c := range clients[1:] {
		status, text := demand(t, c, "/")
		if status != http.StatusServiceUnavailable || !strings.Contains(text, "this edge itself cannot open connections") {
			t.Errorf("a request that could not be sent got %d %s", status, text)
		}
	}
	if s := state(); !s.up || s.failures != 0 || s.breaker != "closed" || st.saw(event.TargetDown)+st.saw(event.BreakerOpen) != 0 {
		t.Errorf("it accuses its target: %+v", s)
	}
	back()
	eventually(t, "it looks again", func() bool { return !state().blind })
	if status, text := demand(t, clients[1], "/"); status != http.StatusOK {
		t.Errorf("afterwards: %d %s", status, text)
	}
}

// demand asks over a connection that is open already.
func demand(t *testing.T, c net.Conn, path string) (int, string) {
	t.Helper()
	if err := c.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", path); err != nil {
		t.Fatal(err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(b)
}
