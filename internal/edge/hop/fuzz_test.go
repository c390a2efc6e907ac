package hop_test

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/edge/hop"
)

// upstream answers every connection with the bytes it is given, then closes.
type upstream struct {
	net.Listener
	answers chan []byte
}

func newUpstream(tb testing.TB) *upstream {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { l.Close() })
	u := &upstream{l, make(chan []byte, 1)}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			answer := <-u.answers
			if request, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
				request.Body.Close()
				_, _ = conn.Write(answer) // the client may have had enough
			}
			conn.Close()
		}
	}()
	return u
}

// FuzzAnswer compares with net/http: what hop takes for a whole answer net/http
// reads with the same status and body, so that the two ways upstream cannot be
// played against each other.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\nX-T: 1\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"HTTP/1.0 200 OK\r\n\r\nuntil close",
		"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
		"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
		"HTTP/1.1 200 OK\nA: b\nContent-Length: 1, 1\n\nx",
	} {
		f.Add([]byte(seed))
	}
	u := newUpstream(f)
	f.Fuzz(func(t *testing.T, answer []byte) {
		u.answers <- answer
		client := hop.NewClient(u.Addr().String(), time.Second, 1)
		defer client.Close()
		now := time.Now()
		a, err := client.Do(t.Context(), &hop.Request{Method: "GET", URI: "/", Host: "a"}, nil, now, now.Add(10*time.Second))
		if err != nil {
			if _, ok := errors.AsType[*hop.Error](err); !ok {
				t.Fatalf("%T is no *hop.Error: %v", err, err)
			}
			return
		}
		defer a.Close(now)
		a.SetReadDeadline(now.Add(10 * time.Second))
		body, err := io.ReadAll(a)
		if err != nil {
			return
		}
		status, want, err := reference(answer)
		if err != nil {
			return // net/http is stricter here; hop never merges or splits answers
		}
		if a.Status() != status || !bytes.Equal(body, want) {
			t.Fatalf("hop read %d %q, net/http %d %q", a.Status(), body, status, want)
		}
	})
}

func reference(answer []byte) (int, []byte, error) {
	r := bufio.NewReader(bytes.NewReader(answer))
	for {
		response, err := http.ReadResponse(r, &http.Request{Method: http.MethodGet})
		if err != nil {
			return 0, nil, err
		}
		if response.StatusCode < 200 {
			continue
		}
		body, err := io.ReadAll(response.Body)
		return response.StatusCode, body, err
	}
}
