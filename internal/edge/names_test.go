package edge_test

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/greenlang/fournines/internal/edge"
	"github.com/greenlang/fournines/internal/edge/config"
	"github.com/greenlang/fournines/internal/platformtest/loopback"
)

// resolve asks a name server for the service's address; "" is no answer.
func resolve(server string) string {
	q := new(dns.Msg)
	q.SetQuestion("api.greenlang.test.", dns.TypeA)
	m, _, err := (&dns.Client{Timeout: 10 * time.Second}).Exchange(q, server)
	if err != nil || len(m.Answer) == 0 {
		return ""
	}
	a, _ := m.Answer[0].(*dns.A)
	return a.A.String()
}

// until waits for an answer and tells how long it took; it asks without a break.
func until(t *testing.T, server, want string) time.Duration {
	t.Helper()
	began := time.Now()
	for last := ""; ; {
		if last = resolve(server); last == want {
			return time.Since(began)
		}
		if time.Since(began) > 2*time.Minute {
			t.Fatalf("the answer is %q, and never became %q", last, want)
		}
	}
}

// A region whose edge is gone, and one whose edge is silent, leave the answers by the
// probes of another region's edge, without the control plane; one that is back returns. An
// edge that starts alone answers by the configuration on its disk.
func TestADeadRegionLeavesTheNames_7_1_2(t *testing.T) {
	t.Parallel()
	var silent atomic.Bool
	hang := make(chan struct{})
	east := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if silent.Load() {
			select {
			case <-hang:
			case <-r.Context().Done():
			}
		}
	}))
	west := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(west.Close)
	names := loopback.Free(t)
	dir := t.TempDir()
	c := edge.Config{Version: 1, Region: "west", DNS: &config.DNS{
		Zone: "greenlang.test.", Service: "api", Listen: []string{names}, TTL: config.Duration(5 * time.Second),
		Regions: []config.DNSRegion{
			{Name: "east", Address: "127.1.0.1", Open: true, Probe: east.Listener.Addr().String(), Path: "/readyz"},
			{Name: "west", Address: "127.2.0.1", Open: true, Probe: west.Listener.Addr().String(), Path: "/readyz"},
		},
		Near: []config.DNSNetwork{{Prefix: "0.0.0.0/0", Milliseconds: map[string]float64{"east": 10, "west": 90}}},
	}}
	first := edge.New(edge.Options{Dir: dir})
	if err := first.Apply(c); err != nil { // it only stores
		t.Fatal(err)
	}
	e := edge.New(edge.Options{Dir: dir}) // nobody tells it anything
	if err := e.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Stop)
	until(t, names, "127.1.0.1")
	silent.Store(true)
	t.Logf("a silent region left after %.2f s", until(t, names, "127.2.0.1").Seconds())
	silent.Store(false)
	t.Logf("and was back after %.2f s", until(t, names, "127.1.0.1").Seconds())
	close(hang)
	east.CloseClientConnections()
	east.Close()
	t.Logf("a dead region left after %.2f s", until(t, names, "127.2.0.1").Seconds())
	west.Close()
	if got := resolve(names); got == "" {
		t.Error("no answer while regions die")
	}
}
