package web_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/greenlang/fournines/internal/edge/config"
)

// TestAnswers sends what upstreams answer, correct and not, through both ways.
func TestAnswers(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, method, answer string
		closes               bool // the upstream closes after it
		status               int
		body                 string
		broken               bool // the client must see a broken answer
		header               map[string]string
		absent               []string
	}{
		{name: "plain", method: "GET", answer: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Version: v1\r\n\r\nhello", status: 200, body: "hello",
			header: map[string]string{"X-Version": "v1", "X-Served-By": "scripted", "Content-Length": "5"}},
		{name: "bare line feeds", method: "GET", answer: "HTTP/1.1 200 OK\nContent-Length: 2\n\nok", status: 200, body: "ok"},
		{name: "no content type is not guessed", method: "GET", answer: "HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n<html>hi</html>", status: 200, body: "<html>hi</html>", absent: []string{"Content-Type"}},
		{name: "head keeps the length", method: "HEAD", answer: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", status: 200, header: map[string]string{"Content-Length": "5"}},
		{name: "head without a length", method: "HEAD", answer: "HTTP/1.1 200 OK\r\n\r\n", status: 200},
		{name: "until close", method: "GET", answer: "HTTP/1.1 200 OK\r\n\r\nall of it", closes: true, status: 200, body: "all of it"},
		{name: "http/1.0", method: "GET", answer: "HTTP/1.0 200 OK\r\n\r\nold", closes: true, status: 200, body: "old"},
		{name: "chunked", method: "GET", answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n", status: 200, body: "abcde"},
		{name: "chunked and a length", method: "GET", answer: "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", status: 200, body: "hello"},
		{name: "trailers", method: "GET", answer: "HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nX-Sum: 195\r\n\r\n", status: 200, body: "ab", header: map[string]string{"trailer:X-Sum": "195"}},
		{name: "no content", method: "GET", answer: "HTTP/1.1 204 No Content\r\n\r\n", status: 204},
		{name: "not modified", method: "GET", answer: "HTTP/1.1 304 Not Modified\r\nEtag: \"a\"\r\n\r\n", status: 304, header: map[string]string{"Etag": `"a"`}},
		{name: "continue before the answer", method: "GET", answer: "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", status: 200, body: "ok"},
		{name: "early hints before the answer", method: "GET", answer: "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", status: 200, body: "ok", absent: []string{"Link"}},
		{name: "one hop only", method: "GET", answer: "HTTP/1.1 200 OK\r\nConnection: X-Inner\r\nX-Inner: 1\r\nKeep-Alive: timeout=5\r\nProxy-Authenticate: Basic\r\nContent-Length: 2\r\n\r\nok", status: 200, body: "ok", absent: []string{"X-Inner", "Keep-Alive", "Proxy-Authenticate"}},
		{name: "two same fields", method: "GET", answer: "HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 2\r\n\r\nok", status: 200, body: "ok", header: map[string]string{"Set-Cookie": "a=1,b=2"}},
		{name: "status of three nines", method: "GET", answer: "HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n", status: 999},
		{name: "status below 100", method: "GET", answer: "HTTP/1.1 099 Low\r\nContent-Length: 0\r\n\r\n", status: 502},
		{name: "status without end", method: "GET", answer: "HTTP/1.1 20\r\n\r\n", closes: true, status: 502},
		{name: "no http at all", method: "GET", answer: "220 mail ready\r\n\r\n", closes: true, status: 502},
		{name: "two lengths", method: "GET", answer: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc", closes: true, status: 502},
		{name: "negative length", method: "GET", answer: "HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nabc", closes: true, status: 502},
		{name: "unknown coding", method: "GET", answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nabc", closes: true, status: 502},
		{name: "closed without an answer", method: "POST", answer: "", closes: true, status: 502},
		{name: "body ends early", method: "GET", answer: "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", closes: true, status: 200, broken: true},
		{name: "chunk ends early", method: "GET", answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nshort", closes: true, status: 200, broken: true},
		{name: "chunk size is no number", method: "GET", answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n+1\r\nc\r\n0\r\n\r\n", closes: true, status: 200, broken: true},
		{name: "chunk is longer than it says", method: "GET", answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n", closes: true, status: 200, broken: true},
	}
	for _, way := range ways {
		for _, c := range cases {
			t.Run(fmt.Sprintf("%s/%s", way, c.name), func(t *testing.T) {
				t.Parallel()
				st := newStand(t, config.HTTPPolicy{Upstream: way}, scripted(t, c.answer, c.closes))
				answer, body, err := raw(t, st, c.method, c.method+" /x HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 0\r\n\r\n")
				if c.broken {
					if err == nil {
						t.Fatalf("the answer looks whole: %d %q", answer.StatusCode, body)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				if answer.StatusCode != c.status || (c.status != 502 && body != c.body) {
					t.Fatalf("got %d %q, want %d %q", answer.StatusCode, body, c.status, c.body)
				}
				for name, want := range c.header {
					got := strings.Join(answer.Header.Values(name), ",")
					if trailer, is := strings.CutPrefix(name, "trailer:"); is {
						got = answer.Trailer.Get(trailer)
					}
					if got != want {
						t.Errorf("%s is %q, want %q", name, got, want)
					}
				}
				for _, name := range c.absent {
					if v, there := answer.Header[name]; there {
						t.Errorf("%s is %q, want it absent", name, v)
					}
				}
			})
		}
	}
}

// TestUnasked: bytes behind an answer must never reach the next client.
func TestUnasked(t *testing.T) {
	t.Parallel()
	for _, way := range ways {
		t.Run(string(way), func(t *testing.T) {
			t.Parallel()
			evil := "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nmineHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nstolen"
			st := newStand(t, config.HTTPPolicy{Upstream: way}, scripted(t, evil, false))
			for range 20 {
				answer, err := http.Get(st.front.URL)
				if err != nil {
					t.Fatal(err)
				}
				body, err := io.ReadAll(answer.Body)
				answer.Body.Close()
				if err != nil || string(body) != "mine" {
					t.Fatalf("got %q, %v", body, err)
				}
			}
		})
	}
}
