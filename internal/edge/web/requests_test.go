package web_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/greenlang/fournines/internal/edge/config"
)

// echo tells the client what the target saw.
func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	w.Header().Set("X-Saw-Length", fmt.Sprint(r.ContentLength))
	fmt.Fprintf(w, "%s %s host=%s\n", r.Method, r.RequestURI, r.Host)
	for _, name := range []string{"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded", "Keep-Alive", "X-Hop", "Proxy-Authorization", "Te", "Transfer-Encoding", "Authorization"} {
		if v, there := r.Header[name]; there {
			fmt.Fprintf(w, "%s=%s\n", name, strings.Join(v, ","))
		}
	}
	fmt.Fprintf(w, "body=%x\n", sha256.Sum256(body))
}

func TestRequests(t *testing.T) {
	t.Parallel()
	empty := fmt.Sprintf("body=%x", sha256.Sum256(nil))
	hello := fmt.Sprintf("body=%x", sha256.Sum256([]byte("hello")))
	cases := []struct {
		name, bytes string
		status      int // 0: the connection may just close; what counts is what arrives
		want        []string
		never       []string
	}{
		{"get", "GET /a%20b?x=1;y=%zz HTTP/1.1\r\nHost: shop.example\r\n\r\n", 200, []string{"GET /a%20b?x=1;y=%zz host=shop.example", empty}, nil},
		{"forwarded headers are ours", "GET / HTTP/1.1\r\nHost: shop.example\r\nX-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Host: evil\r\nX-Forwarded-Proto: https\r\nForwarded: for=6.6.6.6\r\n\r\n", 200,
			[]string{"X-Forwarded-For=127.0.0.1\n", "X-Forwarded-Host=shop.example\n", "X-Forwarded-Proto=http\n"}, []string{"6.6.6.6", "evil"}},
		{"one hop only", "GET / HTTP/1.1\r\nHost: a\r\nConnection: X-Hop, keep-alive\r\nX-Hop: 1\r\nKeep-Alive: 5\r\nProxy-Authorization: secret\r\nAuthorization: mine\r\n\r\n", 200, []string{"Authorization=mine\n"}, []string{"X-Hop=", "Keep-Alive=", "Proxy-Authorization="}},
		{"connection close", "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 200, []string{empty}, nil},
		{"small body", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", 200, []string{hello}, nil},
		{"empty post", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", 200, []string{empty}, nil},
		{"chunked body", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 200, []string{hello}, nil},
		{"body with get", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", 200, []string{hello}, nil},
		{"absolute form", "GET http://shop.example/a HTTP/1.1\r\nHost: other\r\n\r\n", 200, []string{"GET /a host=shop.example"}, nil},
		{"http/1.0", "GET / HTTP/1.0\r\nHost: a\r\n\r\n", 200, []string{empty}, nil},
		{"expect continue", "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello", 200, []string{hello}, nil},

		// Smuggling: refused, or framed anew without doubt.
		{"length and chunks", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n", 0, nil, []string{"/smuggled"}},
		{"two lengths", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", 400, nil, nil},
		{"signed length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\nhello", 400, nil, nil},
		{"twice chunked", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n", 501, nil, nil},
		{"disguised chunked", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501, nil, nil},
		{"blank before colon", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400, nil, nil},
		{"control in value", "GET / HTTP/1.1\r\nHost: a\r\nX-A: a\x00b\r\n\r\n", 400, nil, nil},
		{"two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, nil, nil},
		{"blank in uri", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400, nil, nil},
		{"bare carriage return", "GET / HTTP/1.1\r\nHost: a\r\nX-A: a\rGET /smuggled HTTP/1.1\r\n\r\n", 400, nil, nil},
	}
	for _, way := range ways {
		for _, c := range cases {
			t.Run(fmt.Sprintf("%s/%s", way, c.name), func(t *testing.T) {
				t.Parallel()
				st := newStand(t, config.HTTPPolicy{Upstream: way}, backend(t, "echo", echo))
				answer, body, err := raw(t, st, strings.Fields(c.bytes)[0], c.bytes)
				if c.status == 0 && err != nil {
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				if c.status != 0 && answer.StatusCode != c.status {
					t.Fatalf("got %d %q, want %d", answer.StatusCode, body, c.status)
				}
				for _, want := range c.want {
					if !strings.Contains(body, want) {
						t.Errorf("the target did not see %q in\n%s", want, body)
					}
				}
				for _, never := range c.never {
					if strings.Contains(body, never) {
						t.Errorf("the target saw %q in\n%s", never, body)
					}
				}
			})
		}
	}
}

// TestBigBodies sends and receives more than any buffer holds.
func TestBigBodies(t *testing.T) {
	t.Parallel()
	big := make([]byte, 5<<20)
	for i := range big {
		big[i] = byte(rand.Uint32())
	}
	for _, way := range ways {
		for _, sized := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/sized=%v", way, sized), func(t *testing.T) {
				t.Parallel()
				st := newStand(t, config.HTTPPolicy{Upstream: way}, backend(t, "mirror", func(w http.ResponseWriter, r *http.Request) {
					body, err := io.ReadAll(r.Body)
					if err != nil {
						return
					}
					if sized {
						w.Header().Set("Content-Length", fmt.Sprint(len(big)))
					}
					fmt.Fprintf(w, "%x", sha256.Sum256(body))
					_, _ = w.Write(big[64:])
				}))
				var body io.Reader = bytes.NewReader(big)
				if !sized {
					body = io.MultiReader(body) // hides the length
				}
				for _, method := range []string{http.MethodPost, http.MethodGet} {
					request, err := http.NewRequestWithContext(t.Context(), method, st.front.URL, nil)
					if err != nil {
						t.Fatal(err)
					}
					want := fmt.Sprintf("%x", sha256.Sum256(nil))
					if method == http.MethodPost {
						request, err = http.NewRequestWithContext(t.Context(), method, st.front.URL, body)
						want = fmt.Sprintf("%x", sha256.Sum256(big))
					}
					if err != nil {
						t.Fatal(err)
					}
					answer, err := http.DefaultClient.Do(request)
					if err != nil {
						t.Fatal(err)
					}
					got, err := io.ReadAll(answer.Body)
					answer.Body.Close()
					if err != nil || string(got[:64]) != want || !bytes.Equal(got[64:], big[64:]) {
						t.Fatalf("%s: %d bytes came back changed: %v", method, len(got), err)
					}
				}
			})
		}
	}
}

// TestUpgrade switches to another protocol and speaks it both ways.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	for _, way := range ways {
		t.Run(string(way), func(t *testing.T) {
			t.Parallel()
			st := newStand(t, config.HTTPPolicy{Upstream: way}, backend(t, "switch", func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Upgrade") != "websocket" || r.Header.Get("Sec-Websocket-Key") == "" {
					w.WriteHeader(http.StatusBadRequest)
					return
				}
				conn, rw, err := http.NewResponseController(w).Hijack()
				if err != nil {
					return
				}
				defer conn.Close()
				fmt.Fprint(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")
				line, err := rw.ReadString('\n')
				if err == nil {
					fmt.Fprint(conn, "heard "+line)
				}
			}))
			conn, err := net.Dial("tcp", st.front.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			fmt.Fprint(conn, "GET /ws HTTP/1.1\r\nHost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-key: x\r\n\r\n")
			r := bufio.NewReader(conn)
			answer, err := http.ReadResponse(r, nil)
			if err != nil || answer.StatusCode != http.StatusSwitchingProtocols {
				t.Fatalf("got %v, %v", answer, err)
			}
			fmt.Fprint(conn, "hello\n")
			if line, err := r.ReadString('\n'); err != nil || line != "heard hello\n" {
				t.Fatalf("got %q, %v", line, err)
			}
		})
	}
}

// TestCancel: a client that goes away frees the target, and is not held
// against it.
func TestCancel(t *testing.T) {
	t.Parallel()
	for _, way := range ways {
		t.Run(string(way), func(t *testing.T) {
			t.Parallel()
			arrived, gone := make(chan bool, 1), make(chan bool, 1)
			st := newStand(t, config.HTTPPolicy{Upstream: way, BreakerFailures: 1}, backend(t, "slow", func(w http.ResponseWriter, r *http.Request) {
				arrived <- true
				<-r.Context().Done()
				gone <- true
			}))
			ctx, cancel := context.WithCancel(t.Context())
			go func() {
				<-arrived
				cancel()
			}()
			request, err := http.NewRequestWithContext(ctx, http.MethodGet, st.front.URL, nil)
			if err != nil {
				t.Fatal(err)
			}
			if answer, err := http.DefaultClient.Do(request); err == nil {
				answer.Body.Close()
				t.Fatal("a cancelled request was answered")
			}
			<-gone
			eventually(t, "the target is free again", func() bool {
				states, _ := st.States()
				return states[0].Inflight == 0
			})
			if states, _ := st.States(); states[0].Breaker != "closed" {
				t.Fatalf("the breaker is %s", states[0].Breaker)
			}
		})
	}
}

// TestStream: what a target has sent reaches the client before it sends more.
func TestStream(t *testing.T) {
	t.Parallel()
	for _, way := range ways {
		t.Run(string(way), func(t *testing.T) {
			t.Parallel()
			more := make(chan bool)
			st := newStand(t, config.HTTPPolicy{Upstream: way}, backend(t, "stream", func(w http.ResponseWriter, r *http.Request) {
				fmt.Fprint(w, "data: 1\n")
				_ = http.NewResponseController(w).Flush()
				select {
				case <-more:
				case <-r.Context().Done():
				}
				fmt.Fprint(w, "data: 2\n")
			}))
			answer, err := http.Get(st.front.URL)
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			r := bufio.NewReader(answer.Body)
			if line, err := r.ReadString('\n'); err != nil || line != "data: 1\n" {
				t.Fatalf("got %q, %v", line, err)
			}
			close(more)
			if line, err := r.ReadString('\n'); err != nil || line != "data: 2\n" {
				t.Fatalf("got %q, %v", line, err)
			}
		})
	}
}
