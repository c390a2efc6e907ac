package web_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/edge/config"
	"github.com/greenlang/fournines/internal/edge/front"
)

// recorder is an upstream that keeps every byte it received, by connection, and answers
// each request.
type recorder struct {
	config.Target
	mu   sync.Mutex
	raws []*bytes.Buffer
}

func newRecorder(t *testing.T) *recorder {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	rec := &recorder{Target: config.Target{Name: "recorder", Address: l.Addr().String()}}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go rec.serve(conn)
		}
	}()
	return rec
}

func (rec *recorder) serve(conn net.Conn) {
	defer conn.Close()
	raw := &bytes.Buffer{}
	rec.mu.Lock()
	rec.raws = append(rec.raws, raw)
	rec.mu.Unlock()
	r := bufio.NewReader(io.TeeReader(conn, lockedWriter{&rec.mu, raw}))
	for {
		request, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		if _, err := io.Copy(io.Discard, request.Body); err != nil {
			return
		}
		if _, err := io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"); err != nil {
			return
		}
	}
}

type lockedWriter struct {
	mu *sync.Mutex
	w  io.Writer
}

func (l lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

// check reads what was received as the strictest server would, and returns the request
// lines: what any two readers could understand differently is an error.
func (rec *recorder) check(t *testing.T) (lines []string) {
	t.Helper()
	rec.mu.Lock()
	defer rec.mu.Unlock()
	for _, raw := range rec.raws {
		for rest := raw.String(); rest != ""; {
			line, after, err := strict(rest)
			if err != nil {
				t.Errorf("the upstream received what is ambiguous: %v in %q", err, raw.String())
				return lines
			}
			lines, rest = append(lines, line), after
		}
	}
	return lines
}

// strict takes one request off s.
func strict(s string) (line, rest string, err error) {
	head, rest, ok := strings.Cut(s, "\r\n\r\n")
	if !ok {
		return "", "", fmt.Errorf("no end of the head")
	}
	fields := strings.Split(head, "\r\n")
	line = fields[0]
	if strings.Count(line, " ") != 2 || !strings.HasSuffix(line, " HTTP/1.1") || strings.ContainsAny(head, "\x00\x0b\x0c") || strings.Contains(strings.ReplaceAll(head, "\r\n", ""), "\n") || strings.Contains(strings.ReplaceAll(head, "\r\n", ""), "\r") {
		return "", "", fmt.Errorf("head %q", head)
	}
	length, chunked, hosts := -1, false, 0
	for _, f := range fields[1:] {
		name, value, ok := strings.Cut(f, ": ")
		if !ok || name == "" || strings.ContainsAny(name, " \t:\"(),/;<=>?@[]{}\\") || strings.TrimSpace(value) != value {
			return "", "", fmt.Errorf("field %q", f)
		}
		switch strings.ToLower(name) {
		case "host":
			hosts++
		case "content-length":
			if length >= 0 {
				return "", "", fmt.Errorf("two lengths")
			}
			if _, err := fmt.Sscanf(value, "%d", &length); err != nil || fmt.Sprint(length) != value {
				return "", "", fmt.Errorf("length %q", value)
			}
		case "transfer-encoding":
			if chunked || value != "chunked" {
				return "", "", fmt.Errorf("coding %q", value)
			}
			chunked = true
		}
	}
	if hosts != 1 || chunked && length >= 0 {
		return "", "", fmt.Errorf("%d hosts, length %d beside chunks %v", hosts, length, chunked)
	}
	if !chunked {
		n := max(length, 0)
		if len(rest) < n {
			return line, "", nil // the client broke off
		}
		return line, rest[n:], nil
	}
	for {
		size, after, ok := strings.Cut(rest, "\r\n")
		if !ok {
			return line, "", nil
		}
		n := 0
		if _, err := fmt.Sscanf(size, "%x", &n); err != nil || fmt.Sprintf("%x", n) != size {
			return "", "", fmt.Errorf("chunk size %q", size)
		}
		if len(after) < n+2 {
			return line, "", nil
		}
		if after[n:n+2] != "\r\n" {
			return "", "", fmt.Errorf("chunk %q", after)
		}
		rest = after[n+2:]
		if n == 0 {
			return line, rest, nil
		}
	}
}

// fronted serves a stand's service as the edge does.
func fronted(t *testing.T, st *stand) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: st.Service, ErrorLog: log.New(io.Discard, "", 0)}
	front.Configure(s)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Serve(front.Listener{Listener: l}) // always http.ErrServerClosed
	}()
	t.Cleanup(func() {
		_ = s.Close() // what attacks have left open
		<-done
	})
	return l.Addr().String()
}

const evil = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"

// TestSmuggling sends what servers have read differently. Each is refused or framed anew:
// what counts is what the upstream received, byte for byte.
func TestSmuggling(t *testing.T) {
	t.Parallel()
	post := func(fields, body string) string { return "POST /x HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n" + body }
	chunked := "0\r\n\r\n" + evil
	cases := map[string]string{
		"length before chunks":         post("Content-Length: 40\r\nTransfer-Encoding: chunked\r\n", chunked),
		"chunks before length":         post("Transfer-Encoding: chunked\r\nContent-Length: 40\r\n", chunked),
		"coding with a tab":            post("Content-Length: 40\r\nTransfer-Encoding:\tchunked\r\n", chunked),
		"coding with a vertical tab":   post("Content-Length: 40\r\nTransfer-Encoding:\x0bchunked\r\n", chunked),
		"coding with a form feed":      post("Content-Length: 40\r\nTransfer-Encoding: \x0cchunked\r\n", chunked),
		"coding with a nul":            post("Content-Length: 40\r\nTransfer-Encoding: chunked\x00\r\n", chunked),
		"coding in capitals":           post("Content-Length: 40\r\nTRANSFER-ENCODING: CHUNKED\r\n", chunked),
		"coding with blanks behind":    post("Content-Length: 40\r\nTransfer-Encoding: chunked \t\r\n", chunked),
		"coding quoted":                post("Content-Length: 40\r\nTransfer-Encoding: \"chunked\"\r\n", chunked),
		"coding identity":              post("Content-Length: 40\r\nTransfer-Encoding: identity\r\n", chunked),
		"two codings in one":           post("Content-Length: 40\r\nTransfer-Encoding: identity, chunked\r\n", chunked),
		"two codings reversed":         post("Content-Length: 40\r\nTransfer-Encoding: chunked, identity\r\n", chunked),
		"two coding fields":            post("Content-Length: 40\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n", chunked),
		"two coding fields reversed":   post("Content-Length: 40\r\nTransfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n", chunked),
		"empty coding":                 post("Content-Length: 40\r\nTransfer-Encoding:\r\n", chunked),
		"blank before colon":           post("Content-Length: 40\r\nTransfer-Encoding : chunked\r\n", chunked),
		"nul in the name":              post("Content-Length: 40\r\nTransfer-Encoding\x00: chunked\r\n", chunked),
		"blank before the name":        post(" Transfer-Encoding: chunked\r\nContent-Length: 40\r\n", chunked),
		"folded coding":                post("Content-Length: 40\r\nTransfer-Encoding:\r\n chunked\r\n", chunked),
		"folded away":                  post("Content-Length: 40\r\nX: y\r\n Transfer-Encoding: chunked\r\n", chunked),
		"bare line feed":               post("Content-Length: 40\r\nX: y\nTransfer-Encoding: chunked\r\n", chunked),
		"bare carriage return":         post("Content-Length: 40\r\nX: y\rTransfer-Encoding: chunked\r\n", chunked),
		"line feeds only":              "POST /x HTTP/1.1\nHost: a\nContent-Length: 2\n\nok",
		"carriage return in the line":  "GET /x\rHTTP/1.1\r\nHost: a\r\n\r\n",
		"tabs in the line":             "GET\t/x\tHTTP/1.1\r\nHost: a\r\n\r\n",
		"two blanks in the line":       "GET  /x HTTP/1.1\r\nHost: a\r\n\r\n",
		"blank in the target":          "GET /x HTTP/1.1 /smuggled HTTP/1.1\r\nHost: a\r\n\r\n",
		"version in small":             "GET /x http/1.1\r\nHost: a\r\n\r\n",
		"version 1.2":                  "GET /x HTTP/1.2\r\nHost: a\r\n\r\n",
		"no version":                   "GET /x\r\n\r\n" + evil,
		"control in the method":        "G\x01T /x HTTP/1.1\r\nHost: a\r\n\r\n",
		"fragment":                     "GET /x#y HTTP/1.1\r\nHost: a\r\n\r\n",
		"empty lines before":           "\r\n\r\n" + post("Content-Length: 2\r\n", "ok"),
		"chunks in 1.0":                "POST /x HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked,
		"chunks and length in 1.0":     "POST /x HTTP/1.0\r\nHost: a\r\nContent-Length: 40\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked,
		"two lengths":                  post("Content-Length: 0\r\nContent-Length: 39\r\n", evil),
		"two equal lengths":            post("Content-Length: 2\r\nContent-Length: 2\r\n", "ok"),
		"two lengths in one":           post("Content-Length: 0, 39\r\n", evil),
		"two equal lengths in one":     post("Content-Length: 2, 2\r\n", "ok"),
		"signed length":                post("Content-Length: +2\r\n", "ok"),
		"negative length":              post("Content-Length: -2\r\n", evil),
		"hexadecimal length":           post("Content-Length: 0x2\r\n", "ok"+evil),
		"length with underscores":      post("Content-Length: 1_0\r\n", evil),
		"length in other digits":       post("Content-Length: ２\r\n", "ok"),
		"length with zeros before":     post("Content-Length: 0000002\r\n", "ok"),
		"length beyond 64 bits":        post("Content-Length: 18446744073709551618\r\n", "ok"+evil),
		"empty length":                 post("Content-Length:\r\n", evil),
		"length with a blank within":   post("Content-Length: 3 9\r\n", evil),
		"blank before length's colon":  post("Content-Length : 39\r\n", evil),
		"length of a get":              "GET /x HTTP/1.1\r\nHost: a\r\nContent-Length: 36\r\n\r\n" + evil,
		"connection names the length":  post("Connection: Content-Length\r\nContent-Length: 36\r\n", evil),
		"connection names the coding":  post("Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n", chunked),
		"connection names the host":    "GET /x HTTP/1.1\r\nHost: a\r\nConnection: Host\r\n\r\n",
		"expect, length and chunks":    post("Expect: 100-continue\r\nContent-Length: 40\r\nTransfer-Encoding: chunked\r\n", chunked),
		"expect something else":        post("Expect: 100-continue, x\r\nContent-Length: 36\r\n", evil),
		"chunk size too long":          post("Transfer-Encoding: chunked\r\n", "fffffffffffffffff1\r\nok\r\n0\r\n\r\n"+evil),
		"chunk size in c":              post("Transfer-Encoding: chunked\r\n", "0x2\r\nok\r\n0\r\n\r\n"+evil),
		"chunk size signed":            post("Transfer-Encoding: chunked\r\n", "+2\r\nok\r\n0\r\n\r\n"+evil),
		"chunk size with a blank":      post("Transfer-Encoding: chunked\r\n", "2 \r\nok\r\n0\r\n\r\n"),
		"chunk size ends in lf":        post("Transfer-Encoding: chunked\r\n", "2\nok\r\n0\r\n\r\n"),
		"chunk ends in two others":     post("Transfer-Encoding: chunked\r\n", "2\r\nokXX0\r\n\r\n"+evil),
		"chunk extension with lf":      post("Transfer-Encoding: chunked\r\n", "2;a\nx\r\nok\r\n0\r\n\r\n"+evil),
		"chunk extension with cr":      post("Transfer-Encoding: chunked\r\n", "2;a\rx\r\nok\r\n0\r\n\r\n"+evil),
		"last chunk of zeros":          post("Transfer-Encoding: chunked\r\n", "2\r\nok\r\n00000\r\n\r\n"),
		"trailer claims a length":      post("Transfer-Encoding: chunked\r\nTrailer: Content-Length\r\n", "2\r\nok\r\n0\r\nContent-Length: 39\r\n\r\n"),
		"trailer is a request":         post("Transfer-Encoding: chunked\r\n", "2\r\nok\r\n0\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"),
		"upgrade to h2c":               "GET /x HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n\r\n",
		"upgrade with a body":          post("Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 36\r\n", evil),
		"two hosts":                    "GET /x HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
		"no host":                      "GET /x HTTP/1.1\r\n\r\n",
		"host with a blank":            "GET /x HTTP/1.1\r\nHost: a b\r\n\r\n",
		"other host in the target":     "GET http://b/x HTTP/1.1\r\nHost: a\r\n\r\n",
		"connect":                      "CONNECT b:80 HTTP/1.1\r\nHost: b:80\r\n\r\n" + evil,
		"asterisk":                     "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
		"underscore for hyphen":        post("Content-Length: 2\r\nTransfer_Encoding: chunked\r\n", "ok"),
		"connection fields of others":  "GET /x HTTP/1.1\r\nHost: a\r\nKeep-Alive: 5\r\nProxy-Connection: keep-alive\r\n\r\n",
		"utf-8 that folds to a letter": post("Content-Length: 2\r\nTran\u017ffer-Encoding: chunked\r\n", "ok"),
	}
	for _, way := range ways {
		for name, bytes := range cases {
			t.Run(string(way)+"/"+name, func(t *testing.T) {
				t.Parallel()
				rec := newRecorder(t)
				address := fronted(t, newStand(t, config.HTTPPolicy{Upstream: way}, rec.Target))
				conn, err := net.Dial("tcp", address)
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				if err := conn.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
					t.Fatal(err)
				}
				// A client that goes on after the attack: its own requests must come out whole.
				after := strings.Repeat("GET /after HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 3)
				if _, err := io.WriteString(conn, bytes+after); err != nil {
					t.Fatal(err)
				}
				answers, _ := io.ReadAll(conn) // a reset is a refusal, too
				lines := rec.check(t)
				for i, line := range lines {
					if strings.Contains(line, "smuggled") {
						t.Errorf("request %d is %q; the client read %q", i, line, answers)
					}
				}
			})
		}
	}
}
