package witness

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// proxy forwards to a witness what before does not answer itself.
func proxy(t *testing.T, to string, before func(http.ResponseWriter) bool) string {
	t.Helper()
	h := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if before(rw) {
			return
		}
		resp, err := http.Post(to+r.URL.Path, "text/plain", r.Body)
		if err != nil {
			http.Error(rw, err.Error(), http.StatusBadGateway)
			return
		}
		defer resp.Body.Close() //nolint:errcheck // nothing was written
		rw.Header().Set("Content-Type", resp.Header.Get("Content-Type"))
		rw.WriteHeader(resp.StatusCode)
		_, _ = io.Copy(rw, resp.Body)
	}))
	t.Cleanup(h.Close)
	return h.URL
}

// Whatever a broken or hostile witness answers is an alarm, never a cosignature.
func TestHostileAnswers(t *testing.T) {
	t.Parallel()
	l := newLog(t, "example.com/log")
	l.grow(9, "a")
	k, _ := NewKey("w")
	impostor, _ := NewKey("w")
	line := k.Cosign(l.text(9), time.Unix(1000, 0))
	size := func(s string) func(http.ResponseWriter) {
		return func(rw http.ResponseWriter) {
			rw.Header().Set("Content-Type", "text/x.tlog.size")
			rw.WriteHeader(http.StatusConflict)
			_, _ = io.WriteString(rw, s)
		}
	}
	status := func(n int, s string) func(http.ResponseWriter) {
		return func(rw http.ResponseWriter) {
			rw.WriteHeader(n)
			_, _ = io.WriteString(rw, s)
		}
	}
	turn := 0
	for name, answer := range map[string]func(http.ResponseWriter){
		"nothing":                    status(200, ""),
		"another key":                status(200, impostor.Cosign(l.text(9), time.Unix(1000, 0))),
		"another text":               status(200, k.Cosign(l.text(8), time.Unix(1000, 0))),
		"a text of its own":          status(200, "evil\n\n"+k.Cosign(l.text(9)+"\nevil\n", time.Unix(1000, 0))),
		"half a line":                status(200, line[:len(line)/2]),
		"endless":                    status(200, strings.Repeat("— x AAAAAAAAAAAA\n", 10000)),
		"conflict without a size":    size("\n"),
		"conflict with rubbish":      size("a lot\n"),
		"conflict without its type":  status(409, "5\n"),
		"conflict, size ever larger": func(rw http.ResponseWriter) { turn++; size(fmt.Sprintf("%d\n", turn%9+1))(rw) },
		"not known":                  status(404, "unknown log"),
		"forbidden":                  status(403, ""),
	} {
		h := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { answer(rw) }))
		clock := newClock()
		r := feed(t, l, nil, clock, Peer{URL: h.URL, Key: k.Public().String()})
		looks := l.looks()
		eventually(t, name+": it is asked", func() bool { clock.forward(time.Minute); return r.raised(Away) && l.looks() > looks })
		r.stop()
		h.Close()
		if s := r.signed.list(); len(s) > 0 {
			t.Errorf("%s: taken as a cosignature: %q", name, s)
		}
	}
	h := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(rw, line) }))
	defer h.Close()
	p := Peer{URL: h.URL, Key: k.Public().String()}
	r := feed(t, l, nil, newClock(), p)
	eventually(t, "the true line is taken", func() bool { return r.covered(l, 9, 1, p) })
}

func TestOwnLogInTrouble(t *testing.T) {
	t.Parallel()
	l, clock := newLog(t, "example.com/log"), newClock()
	l.fail(errors.New("disk is gone"))
	r := feed(t, l, nil, clock)
	eventually(t, "it is an alarm", func() bool { clock.forward(time.Minute); return r.raised(Stuck) })
	l.fail(nil)
	eventually(t, "it is cleared", func() bool { return r.cleared(Stuck) })
	if a := r.alarms.list()[0]; a.Witness != "" || !strings.Contains(a.String(), "disk is gone") {
		t.Fatalf("alarm %v", a)
	}
}

// A checkpoint is never replaced by a smaller one, unless that has more cosignatures.
func TestCollection(t *testing.T) {
	t.Parallel()
	l := newLog(t, "example.com/log")
	l.grow(9, "a")
	var out []string
	fails := true
	s := newCollection(func(b []byte, n int) error {
		c, _ := ParseCheckpoint(textOf(string(b)))
		out = append(out, fmt.Sprintf("%d by %d", c.Size, n))
		if fails {
			return errors.New("no disk")
		}
		return nil
	})
	open := func(size uint64) Checkpoint {
		c, err := logs(t, l).Open(l.at(size))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	now := newClock().now()
	for _, size := range []uint64{5, 6, 7} {
		s.begin(open(size))
	}
	if a := s.add(open(6), "a\n", now); a == nil || a.Trouble != Unkept || a.Cleared {
		t.Fatalf("a failure to keep is no alarm: %v", a)
	}
	fails = false
	if a := s.add(open(5), "a\n", now); a != nil { // smaller, not more
		t.Fatal(a)
	}
	if a := s.add(open(5), "b\n", now); a == nil || !a.Cleared { // smaller, more
		t.Fatalf("kept again: %v", a)
	}
	s.add(open(7), "a\n", now)
	s.add(open(9), "a\n", now) // never begun
	if got := strings.Join(out, ", "); got != "6 by 1, 5 by 2, 7 by 1" {
		t.Fatal(got)
	}
}
