package outside

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/greenlang/fournines/internal/fact"
)

// A second is handed out once all of its outcomes are there, in order, until acknowledged.
func TestTallyKeepsOrderUntilAcknowledged(t *testing.T) {
	t.Parallel()
	var ta Tally
	if !ta.Begin(10, 2) || !ta.Begin(11, 1) || ta.Begin(11, 1) || ta.Begin(9, 1) {
		t.Fatal("seconds must grow")
	}
	ta.Add(11, fact.OutsideHome{Home: "a"})
	ta.Add(10, fact.OutsideHome{Home: "a"})
	if got := ta.Since(0); len(got) != 0 {
		t.Fatalf("an unfinished second, or one after it, was handed out: %+v", got)
	}
	ta.Add(10, fact.OutsideHome{Home: "b"})
	got := ta.Since(0)
	if len(got) != 2 || got[0].Seq != 10 || len(got[0].Homes) != 2 || got[1].Seq != 11 {
		t.Fatalf("%+v", got)
	}
	if again := ta.Since(10); len(again) != 1 || again[0].Seq != 11 || len(ta.Since(11)) != 0 {
		t.Fatalf("%+v", again)
	}
	for s := uint64(100); s < 100+2*Kept; s++ {
		ta.Begin(s, 1)
		ta.Add(s, fact.OutsideHome{})
	}
	if got := ta.Since(0); len(got) != Kept || got[0].Seq != 100+Kept {
		t.Fatalf("%d seconds wait, the oldest is %d", len(got), got[0].Seq)
	}
}

// world is a name server and edges that can be taken away.
type world struct {
	names   string
	address atomic.Value // string: what the name server answers
	asked   atomic.Int64
	subnets sync.Map
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{}
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w.names = c.LocalAddr().String()
	s := &dns.Server{PacketConn: c, Handler: dns.HandlerFunc(func(rw dns.ResponseWriter, q *dns.Msg) {
		w.asked.Add(1)
		if o := q.IsEdns0(); o != nil {
			for _, x := range o.Option {
				w.subnets.Store(x.String(), true)
			}
		}
		m := new(dns.Msg)
		m.SetReply(q)
		rr, err := dns.NewRR(fmt.Sprintf("%s 5 IN A %s", q.Question[0].Name, w.address.Load()))
		if err == nil {
			m.Answer = append(m.Answer, rr)
		}
		_ = rw.WriteMsg(m) // a lost answer is asked for again
	})}
	go func() { _ = s.ActivateAndServe() }() // ends with Shutdown
	t.Cleanup(func() { _ = s.Shutdown() })
	return w
}

func point(w *world, port int) Point {
	return Point{
		NameServers: []string{w.names}, Network: netip.MustParsePrefix("192.0.2.0/24"), Service: "api.test", Port: port,
		ReadPath: "/readyz/read", WritePath: "/readyz/write", Homes: []Home{{Name: "home", Cells: []int{3, 6}}},
	}
}

func TestAsksAsACustomerDoes_7_1_12(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var got []string
	var broken atomic.Value
	broken.Store("")
	edge := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		got = append(got, r.Method+" "+r.URL.Path+" "+r.Host+" cell "+r.Header.Get("X-Cell")) // one at a time: requests follow each other
		if r.Method == broken.Load() {
			http.Error(rw, "no leader", http.StatusServiceUnavailable)
		}
	}))
	defer edge.Close()
	host, port := split(t, edge.Listener.Addr().String())
	w.address.Store(host)
	x := New(point(w, port))
	home := x.point.Homes[0]
	if out := x.ask(t.Context(), home, 4); !out.Served() || out.Cell != 3 || out.Address != host {
		t.Fatalf("%+v", out)
	}
	want := fmt.Sprintf("[GET /readyz/read api.test:%d cell 3 PUT /readyz/write api.test:%d cell 3]", port, port)
	if fmt.Sprint(got) != want {
		t.Fatalf("asked %v, want %s", got, want)
	}
	if _, ok := w.subnets.Load("192.0.2.0/24/0"); !ok {
		t.Error("the name server was not told whose resolver asks")
	}
	broken.Store(http.MethodPut)
	if out := x.ask(t.Context(), home, 5); out.Failed != StageWrite || out.Cell != 6 || !strings.Contains(out.Error, "no leader") {
		t.Fatalf("%+v", out)
	}
	if n := w.asked.Load(); n != 1 {
		t.Errorf("the name was asked for %d times within its time to live", n)
	}
}

func TestEveryStageFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	host, port := split(t, l.Addr().String())
	w.address.Store(host)
	p := point(w, port)
	go func() { // an edge that takes connections and closes them
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_ = c.Close()
		}
	}()
	x := New(p)
	if out := x.ask(t.Context(), p.Homes[0], 1); out.Failed != StageRead || out.Unknown {
		t.Fatalf("%+v", out)
	}
	_ = l.Close()
	for { // a process that another test starts has the listener too, until it is itself
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			break
		}
		_ = c.Close()
	}
	if out := x.ask(t.Context(), p.Homes[0], 1); out.Failed != StageConnect {
		t.Fatalf("%+v", out)
	}
	p.NameServers = []string{l.Addr().String()} // nobody is there
	if out := New(p).ask(t.Context(), p.Homes[0], 1); out.Failed != StageName {
		t.Fatalf("%+v", out)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if out := x.ask(ended, p.Homes[0], 1); !out.Unknown || out.Served() {
		t.Fatalf("a prober that ends tells %+v", out)
	}
}

func split(t *testing.T, address string) (string, int) {
	t.Helper()
	a := netip.MustParseAddrPort(address)
	return a.Addr().String(), int(a.Port())
}

// An answer counts for its time to live and no longer.
func TestNamesAreAskedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.address.Store("127.0.0.9")
	r := &resolver{servers: []string{"127.0.0.1:1", w.names}, timeout: nameTimeout}
	now := time.Unix(1_800_000_000, 0)
	for i, c := range []struct {
		after time.Duration
		asked int64
	}{{0, 1}, {4 * time.Second, 1}, {6 * time.Second, 2}} {
		if a, err := r.lookup(t.Context(), "api.test", now.Add(c.after)); err != nil || len(a) != 1 || w.asked.Load() != c.asked {
			t.Fatalf("%d: %v, %v, asked %d times", i, a, err, w.asked.Load())
		}
	}
	if r.next != 1 {
		t.Error("a server that does not answer is asked first again")
	}
}
