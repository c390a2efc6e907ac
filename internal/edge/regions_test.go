package edge_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/edge"
	"github.com/greenlang/fournines/internal/edge/web"
	"github.com/greenlang/fournines/internal/platformtest/loopback"
)

// pair is two regions' edges: west knows nothing but the way to east, until east moves.
type pair struct {
	t          *testing.T
	east, west *edge.Edge
	at         map[string]string // region → address of its edge
	version    uint64
	local      edge.Target
	cells      int
}

func newPair(t *testing.T) *pair {
	t.Helper()
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s via %v", r.Header.Get("X-Customer"), r.Header[web.Via])
	}))
	t.Cleanup(app.Close)
	p := &pair{t: t, at: map[string]string{}, cells: 12, local: edge.Target{Name: "a", Address: app.Listener.Addr().String()}}
	p.east, p.west = edge.New(edge.Options{Dir: t.TempDir()}), edge.New(edge.Options{Dir: t.TempDir()})
	for region, e := range map[string]*edge.Edge{"east": p.east, "west": p.west} {
		p.at[region] = loopback.Free(t)
		t.Cleanup(e.Stop)
	}
	return p
}

// serve makes the regions' edges believe that these serve everybody.
func (p *pair) serve(east, west string) {
	p.t.Helper()
	p.version++
	for region, believes := range map[string]string{"east": east, "west": west} {
		e := map[string]*edge.Edge{"east": p.east, "west": p.west}[region]
		s := edge.HTTPService{Name: "app", Listen: p.at[region], Targets: []edge.Target{p.local}}
		if believes != region {
			s.Name, s.Remote, s.Targets = "app@"+believes, believes, []edge.Target{{Name: believes, Address: p.at[believes]}}
		}
		for c := range p.cells {
			s.Cells = append(s.Cells, c)
		}
		if err := e.Apply(edge.Config{Version: p.version, Region: region, Cells: p.cells, HTTP: []edge.HTTPService{s}}); err != nil {
			p.t.Fatal(err)
		}
		if err := e.Start(); err != nil {
			p.t.Fatal(err)
		}
	}
}

func (p *pair) ask(region string) (int, string) {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, "http://"+p.at[region]+"/", nil)
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("X-Customer", "ada")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

// eventually waits for a fact, generously.
func eventually(t *testing.T, fact func() bool, what string) {
	t.Helper()
	limit := time.After(time.Minute)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !fact() {
		select {
		case <-limit:
			t.Fatalf("never happened: %s", what)
		case <-tick.C:
		}
	}
}

func requests(e *edge.Edge) (n uint32) {
	for _, s := range e.Report().Seconds {
		for _, r := range s.Rows {
			n += r.Requests
		}
	}
	return n
}

// Every region's edge serves every customer, and counts only its own clients (row 7.1.1).
func TestAnyRegionSendsOnToTheHome_7_1_1(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	p.serve("east", "east")
	if code, body := p.ask("east"); code != 200 || body != "ada via []" {
		t.Errorf("at home: %d %q", code, body)
	}
	if code, body := p.ask("west"); code != 200 || body != "ada via [west]" {
		t.Errorf("from elsewhere: %d %q", code, body)
	}
	p.serve("west", "west")
	if code, body := p.ask("east"); code != 200 || body != "ada via [east]" {
		t.Errorf("after the move: %d %q", code, body)
	}
	eventually(t, func() bool { return requests(p.west) == 1 && requests(p.east) == 2 }, "each edge counts the requests of its own clients")
}

// Two edges that believe in each other answer instead of sending a request back and forth.
func TestALoopBetweenRegionsIsEnded(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	p.serve("west", "east")
	if code, body := p.ask("east"); code != http.StatusLoopDetected {
		t.Errorf("%d %q", code, body)
	}
}

// A request that waits while its home moves is served where that has gone (row 7.1.9).
func TestHeldRequestsFollowTheirHome_7_1_9(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	p.serve("east", "east")
	if err := p.east.Hold("app", time.Minute); err != nil {
		t.Fatal(err)
	}
	type answer struct {
		code int
		body string
	}
	answers := make(chan answer, 2)
	for _, from := range []string{"east", "west"} { // the second is sent on twice
		go func() {
			code, body := p.ask(from)
			answers <- answer{code, body}
		}()
	}
	select {
	case a := <-answers:
		t.Fatalf("it was answered during the hold: %+v", a)
	default:
	}
	if err := web.Reach(t.Context(), p.at["east"], time.Minute); err != nil { // else west would take the way for a dead one
		t.Errorf("an edge that holds requests is not reached: %v", err)
	}
	p.serve("west", "west")
	if err := p.east.Release("app"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if a := <-answers; a.code != 200 {
			t.Errorf("%+v", a)
		}
	}
	if err := p.east.Hold("app", time.Millisecond); err != nil { // a hold ends by itself
		t.Fatal(err)
	}
	if code, _ := p.ask("east"); code != 200 {
		t.Error(code)
	}
}
