package console_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/greenlang/fournines/internal/console/consoletest"
)

// listener is an open page: it keeps what was streamed to it, event by event.
type listener struct {
	http.ResponseWriter
	mu     sync.Mutex
	events []string
}

func (l *listener) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = append(l.events, string(p))
	return len(p), nil
}

func (l *listener) Flush() {}

// heard are the events so far without beats.
func (l *listener) heard() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []string
	for _, e := range l.events {
		if e != beat {
			out = append(out, e)
		}
	}
	return out
}

const beat = "event: beat\ndata: \n\n"

// A page that nothing changes on hears every two seconds that the server is there.
func TestStreamBeats(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		page := listen(t, consoletest.New(), "/events?page=journal", "259")
		pass(20 * time.Second)
		page.mu.Lock()
		defer page.mu.Unlock()
		beats := 0
		for _, e := range page.events {
			if e == beat {
				beats++
			}
		}
		if beats < 10 {
			t.Errorf("%d beats in 20 s, want one every 2 s", beats)
		}
	})
}

// listen opens a page's stream inside a bubble of time; the page is closed at its end.
func listen(t *testing.T, f *consoletest.Fixture, address, seen string) *listener {
	ctx, leave := context.WithCancel(t.Context())
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if seen != "" {
		r.Header.Set("Last-Event-ID", seen)
	}
	l := &listener{ResponseWriter: httptest.NewRecorder()}
	closed := make(chan struct{})
	go func() {
		consoletest.Console(f).ServeHTTP(l, r)
		close(closed)
	}()
	t.Cleanup(func() { leave(); <-closed })
	synctest.Wait()
	return l
}

// pass lets the bubble's clock go on, and everything that waits for it happen.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func TestStreamSendsWhatChanged(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := consoletest.New()
		page := listen(t, f, "/events?page=overview", "")
		first := page.heard()
		if len(first) != 1 || !strings.HasPrefix(first[0], "id: 259\n") || !strings.Contains(first[0], `hx-target="#overview-needs"`) {
			t.Fatalf("a new page heard %q", first)
		}
		index := f.Advance()
		synctest.Wait()
		heard := page.heard()
		if len(heard) != 2 || !strings.HasPrefix(heard[1], fmt.Sprintf("id: %d\n", index)) {
			t.Fatalf("heard %d events after a change, want 2", len(heard))
		}
		if !strings.Contains(heard[1], "Disk of zone b fills") {
			t.Error("the change is not in the event")
		}
		if strings.Contains(heard[1], `hx-target="#overview-traffic"`) {
			t.Error("a part that did not change was sent again")
		}
	})
}

func TestStreamCoalesces(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := consoletest.New()
		page := listen(t, f, "/events?page=overview", "")
		for range 100 { // a change every 20 ms for 2 s
			f.Advance()
			pass(20 * time.Millisecond)
		}
		if n := len(page.heard()); n < 4 || n > 6 {
			t.Errorf("100 changes in 2 s were sent as %d events, want at most 2 a second", n-1)
		}
		pass(time.Second)
		heard := page.heard()
		if !strings.HasPrefix(heard[len(heard)-1], "id: 359\n") {
			t.Errorf("the last change never arrived: %.20q", heard[len(heard)-1])
		}
	})
}

func TestStreamResumes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := consoletest.New()
		if heard := listen(t, f, "/events?page=journal", "259").heard(); len(heard) != 0 {
			t.Errorf("a page that missed nothing heard %d events", len(heard))
		}
		f.Advance()
		heard := listen(t, f, "/events?page=journal", "259").heard()
		if len(heard) != 1 || !strings.HasPrefix(heard[0], "id: 260\n") || !strings.Contains(heard[0], `href="/journal/260"`) {
			t.Errorf("a page that missed entry 260 heard %q", heard)
		}
	})
}

// TestStreamKeepsSteady redraws without the journal: facts such as a lag move
// without an entry.
func TestStreamKeepsSteady(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := consoletest.New()
		page := listen(t, f, "/events?page=region&key=us-east-1", "259")
		pass(6 * time.Second)
		heard := page.heard()
		if len(heard) != 1 || !strings.Contains(heard[0], `hx-target="#region-topology"`) {
			t.Errorf("heard %d events in 6 s without a change, want the page once", len(heard))
		}
		pass(20 * time.Second)
		if n := len(page.heard()); n != 1 {
			t.Errorf("heard %d events, want silence while nothing differs", n)
		}
	})
}

// TestStreamFollowsFilters sends only what the page's own filter shows.
func TestStreamFollowsFilters(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		heard := listen(t, consoletest.New(), "/events?page=journal&kind=fault.", "").heard()
		if len(heard) != 1 || !strings.Contains(heard[0], "fault.injected") || strings.Contains(heard[0], ">probe.failed<") {
			t.Errorf("the stream does not follow the page's filter")
		}
	})
}

// TestStreamKeepsItsFrame streams text that tries to end a line of the event.
func TestStreamKeepsItsFrame(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := consoletest.New()
		f.StatusNow.Findings[0].Text = "one\rid: 7\r\n\r\ndata: <b>two</b>"
		heard := listen(t, f, "/events?page=overview", "").heard()
		if len(heard) != 1 || strings.Contains(heard[0], "\r") || strings.Contains(heard[0], "<b>two") {
			t.Fatalf("the text left its event")
		}
		for line := range strings.Lines(strings.TrimSuffix(heard[0], "\n")) {
			if !strings.HasPrefix(line, "data: ") && line != "id: 259\n" {
				t.Errorf("a line of the event is %q", line)
			}
		}
	})
}

// TestStreamEndsWithItsPage leaves nothing behind when the browser is gone.
func TestStreamEndsWithItsPage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // the bubble fails on a goroutine that stays
		f := consoletest.New()
		ctx, leave := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			consoletest.Console(f).ServeHTTP(&listener{ResponseWriter: httptest.NewRecorder()}, httptest.NewRequestWithContext(ctx, http.MethodGet, "/events?page=journal", nil))
			close(done)
		}()
		synctest.Wait()
		leave()
		synctest.Wait()
		select {
		case <-done:
		default:
			t.Error("the stream goes on without its page")
		}
	})
}
