package web_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/greenlang/fournines/internal/edge/config"
)

// peer speaks HTTP/2 frame by frame.
type peer struct {
	net.Conn
	*http2.Framer
	block bytes.Buffer
	enc   *hpack.Encoder
}

func newPeer(t *testing.T, address string, settings ...http2.Setting) *peer {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	p := &peer{Conn: conn, Framer: http2.NewFramer(conn, conn)}
	p.AllowIllegalWrites = true
	p.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	p.enc = hpack.NewEncoder(&p.block)
	if _, err := io.WriteString(conn, http2.ClientPreface); err != nil {
		t.Fatal(err)
	}
	p.must(t, p.WriteSettings(settings...))
	return p
}

func (p *peer) must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (p *peer) ask(t *testing.T, stream uint32, body string, fields ...[2]string) {
	t.Helper()
	p.block.Reset()
	for _, f := range fields {
		p.must(t, p.enc.WriteField(hpack.HeaderField{Name: f[0], Value: f[1]}))
	}
	p.must(t, p.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, EndStream: body == "", EndHeaders: true, BlockFragment: p.block.Bytes()}))
	if body != "" {
		p.must(t, p.WriteData(stream, true, []byte(body)))
	}
}

// end is how a stream ended: its status, its reset, or the connection's end.
func (p *peer) end(t *testing.T, stream uint32) string {
	t.Helper()
	status := ""
	for {
		frame, err := p.ReadFrame()
		if err != nil {
			return "closed"
		}
		switch f := frame.(type) {
		case *http2.GoAwayFrame:
			return "goaway " + f.ErrCode.String()
		case *http2.RSTStreamFrame:
			if f.StreamID == stream {
				return "reset " + f.ErrCode.String()
			}
		case *http2.MetaHeadersFrame:
			if f.StreamID == stream {
				status = f.PseudoValue("status")
			}
		}
		if h := frame.Header(); h.StreamID == stream && h.Flags.Has(http2.FlagDataEndStream) && (h.Type == http2.FrameData || h.Type == http2.FrameHeaders) {
			return status
		}
	}
}

var usual = [][2]string{{":method", "GET"}, {":scheme", "http"}, {":path", "/x"}, {":authority", "a"}}

func with(name, value string, more ...[2]string) (out [][2]string) {
	for _, f := range usual {
		if f[0] == name {
			f[1] = value
		}
		out = append(out, f)
	}
	if name != "" && name[0] != ':' {
		out = append(out, [2]string{name, value})
	}
	return append(out, more...)
}

// TestSmugglingHTTP2 sends requests that HTTP/1.1 would write differently. Each is reset
// or refused, or what arrives is not ambiguous.
func TestSmugglingHTTP2(t *testing.T) {
	t.Parallel()
	inject := " HTTP/1.1\r\nHost: a\r\n\r\nGET /smuggled"
	cases := map[string]struct {
		fields [][2]string
		body   string
		served bool // it is harmless, and arrives
	}{
		"request in the path":     {with(":path", "/x"+inject), "", false},
		"blank in the path":       {with(":path", "/x HTTP/1.1 /smuggled"), "", false},
		"tab in the path":         {with(":path", "/x\t/smuggled"), "", false},
		"fragment in the path":    {with(":path", "/x#/smuggled"), "", false},
		"empty path":              {with(":path", ""), "", false},
		"absolute path":           {with(":path", "http://b/x"), "", false},
		"asterisk":                {with(":path", "*"), "", false},
		"request in the method":   {with(":method", "GET /smuggled HTTP/1.1\r\nX: y"), "", false},
		"blank in the method":     {with(":method", "GET /smuggled HTTP/1.1"), "", false},
		"colon in the method":     {with(":method", "X:"), "", false},
		"field in the authority":  {with(":authority", "a\r\nX: smuggled"), "", false},
		"path in the authority":   {with(":authority", "a/smuggled"), "", false},
		"user in the authority":   {with(":authority", "a@b"), "", false},
		"blank in the authority":  {with(":authority", "a smuggled"), "", false},
		"scheme":                  {with(":scheme", "http://a/smuggled?"), "", false},
		"line end in a value":     {with("x-a", "b\r\nX: smuggled"), "", false},
		"line feed in a value":    {with("x-a", "b\nX: smuggled"), "", false},
		"carriage return":         {with("x-a", "b\rX: smuggled"), "", false},
		"nul in a value":          {with("x-a", "b\x00smuggled"), "", false},
		"colon in a name":         {with("x-a: smuggled", "b"), "", false},
		"line end in a name":      {with("x\r\nx: smuggled", "b"), "", false},
		"blank in a name":         {with("x smuggled", "b"), "", false},
		"empty name":              {with("", "", [2]string{"", "smuggled"}), "", false},
		"capital in a name":       {with("X-Smuggled", "b"), "", false},
		"transfer-encoding":       {with("transfer-encoding", "chunked", [2]string{":method", "POST"}), evil, false},
		"chunked":                 {with(":method", "POST", [2]string{"transfer-encoding", "chunked"}), "0\r\n\r\n" + evil, false},
		"connection":              {with("connection", "content-length"), "", false},
		"upgrade":                 {with("upgrade", "websocket"), "", false},
		"te":                      {with("te", "chunked"), "", false},
		"length too short":        {with(":method", "POST", [2]string{"content-length", "0"}), evil, false},
		"length too long":         {with(":method", "POST", [2]string{"content-length", "99"}), evil, false},
		"length without body":     {with("content-length", "36"), "", false},
		"two lengths":             {with(":method", "POST", [2]string{"content-length", "36"}, [2]string{"content-length", "0"}), evil, false},
		"length that is none":     {with(":method", "POST", [2]string{"content-length", "0x24"}), evil, false},
		"another host":            {with("host", "smuggled"), "", false},
		"path twice":              {with("", "", [2]string{":path", "/smuggled"}), "", false},
		"pseudo-field behind":     {with("x-a", "b", [2]string{":path", "/smuggled"}), "", false},
		"unknown pseudo-field":    {with("", "", [2]string{":smuggled", "x"}), "", false},
		"status":                  {with("", "", [2]string{":status", "200"}), "", false},
		"connect":                 {[][2]string{{":method", "CONNECT"}, {":authority", "b:80"}}, evil, false},
		"body without a length":   {with(":method", "POST"), evil, true},
		"body with its length":    {with(":method", "POST", [2]string{"content-length", fmt.Sprint(len(evil))}), evil, true},
		"same host":               {with("host", "A"), "", true},
		"trailers are welcome":    {with("te", "trailers"), "", true},
		"equal lengths":           {with(":method", "POST", [2]string{"content-length", fmt.Sprint(len(evil))}, [2]string{"content-length", fmt.Sprint(len(evil))}), evil, true},
		"crumbs of a cookie":      {with("cookie", "a=1", [2]string{"cookie", "b=2"}), "", true},
		"forwarded by the client": {with("x-forwarded-proto", "https", [2]string{"x-forwarded-for", "6.6.6.6"}), "", true},
	}
	for _, way := range ways {
		for name, c := range cases {
			t.Run(string(way)+"/"+name, func(t *testing.T) {
				t.Parallel()
				rec := newRecorder(t)
				p := newPeer(t, fronted(t, newStand(t, config.HTTPPolicy{Upstream: way}, rec.Target)))
				p.ask(t, 1, c.body, c.fields...)
				how := p.end(t, 1)
				if c.served != (how == "200") {
					t.Errorf("it ended with %q, served should be %v", how, c.served)
				}
				if how != "closed" && !strings.HasPrefix(how, "goaway") {
					p.ask(t, 3, "", usual...)
					if next := p.end(t, 3); next != "200" {
						t.Errorf("after %q the next request ended with %q", how, next)
					}
				}
				for _, line := range rec.check(t) {
					if strings.Contains(line, "smuggled") {
						t.Errorf("the upstream received %q", line)
					}
				}
				rec.mu.Lock()
				defer rec.mu.Unlock()
				for _, raw := range rec.raws {
					if got := raw.String(); strings.Contains(got, "6.6.6.6") || !c.served && c.body == "" && strings.Contains(got, "smuggled") {
						t.Errorf("the upstream received %q", got)
					}
				}
			})
		}
	}
}

// TestWindowStall: a client that opens no window gets its streams reset, and the target's
// places are free again.
func TestWindowStall(t *testing.T) {
	t.Parallel()
	for _, way := range ways {
		for _, size := range []int{10, 100_000} {
			t.Run(fmt.Sprintf("%s/%d", way, size), func(t *testing.T) {
				t.Parallel()
				st := newStand(t, config.HTTPPolicy{Upstream: way, IdleTimeout: config.Duration(20 * time.Millisecond), Timeout: config.Duration(100 * time.Millisecond)},
					backend(t, "full", func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write(make([]byte, size)) })) // until the edge has enough
				p := newPeer(t, fronted(t, st), http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0})
				p.ask(t, 1, "", usual...)
				if how := p.end(t, 1); !strings.HasPrefix(how, "reset") {
					t.Errorf("it ended with %q", how)
				}
				eventually(t, "the target is free again", func() bool {
					states, _ := st.States()
					return states[0].Inflight == 0
				})
			})
		}
	}
}

// speaker2 is net/http's client of HTTP/2 in cleartext.
func speaker2(t *testing.T) *http.Client {
	p := new(http.Protocols)
	p.SetUnencryptedHTTP2(true)
	transport := &http.Transport{Protocols: p}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// TestStreamHTTP2 talks both ways at once over one request, with trailers at both ends, as
// gRPC does (its wire format is DATA between HEADERS and trailers).
func TestStreamHTTP2(t *testing.T) {
	t.Parallel()
	for _, way := range ways {
		t.Run(string(way), func(t *testing.T) {
			t.Parallel()
			address := fronted(t, newStand(t, config.HTTPPolicy{Upstream: way}, backend(t, "talker", func(w http.ResponseWriter, r *http.Request) {
				control := http.NewResponseController(w)
				_ = control.EnableFullDuplex() // HTTP/1.1 here
				w.Header().Set("Trailer", "Grpc-Status")
				w.Header().Set("Content-Type", "application/grpc")
				w.WriteHeader(http.StatusOK)
				_ = control.Flush()
				b := make([]byte, 5)
				for {
					if _, err := io.ReadFull(r.Body, b); err != nil {
						break
					}
					fmt.Fprintf(w, "<%s>", b)
					_ = control.Flush()
				}
				w.Header().Set("Grpc-Status", "0 "+r.Trailer.Get("X-Sum"))
			})))
			body, send := io.Pipe()
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address+"/talk", body)
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Te", "trailers")
			request.Trailer = http.Header{"X-Sum": nil}
			answer, err := speaker2(t).Do(request)
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			b := make([]byte, 7)
			for _, word := range []string{"hello", "again", "after"} {
				if _, err := io.WriteString(send, word); err != nil {
					t.Fatal(err)
				}
				if _, err := io.ReadFull(answer.Body, b); err != nil || string(b) != "<"+word+">" {
					t.Fatalf("got %q, %v", b, err)
				}
			}
			request.Trailer.Set("X-Sum", "3")
			send.Close()
			if rest, err := io.ReadAll(answer.Body); err != nil || len(rest) > 0 {
				t.Fatalf("got %q, %v", rest, err)
			}
			if got := answer.Trailer.Get("Grpc-Status"); got != "0 3" {
				t.Errorf("the trailer is %q: %v", got, answer.Trailer)
			}
		})
	}
}

// TestTrailersHTTP2: a short answer may have trailers, too.
func TestTrailersHTTP2(t *testing.T) {
	t.Parallel()
	for _, way := range ways {
		t.Run(string(way), func(t *testing.T) {
			t.Parallel()
			address := fronted(t, newStand(t, config.HTTPPolicy{Upstream: way}, scripted(t, "HTTP/1.1 200 OK\r\nTrailer: Grpc-Status\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nGrpc-Status: 7\r\n\r\n", false)))
			answer, err := speaker2(t).Get("http://" + address)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(answer.Body)
			answer.Body.Close()
			if err != nil || string(body) != "ab" || answer.Trailer.Get("Grpc-Status") != "7" {
				t.Fatalf("got %q, %v, trailer %v", body, err, answer.Trailer)
			}
		})
	}
}

// TestBrokenHTTP2: an answer that breaks upstream is broken for the client, too, and a
// client that cancels frees the target.
func TestBrokenHTTP2(t *testing.T) {
	t.Parallel()
	for _, way := range ways {
		t.Run(string(way), func(t *testing.T) {
			t.Parallel()
			address := fronted(t, newStand(t, config.HTTPPolicy{Upstream: way}, scripted(t, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", true)))
			answer, err := speaker2(t).Get("http://" + address)
			if err == nil {
				_, err = io.ReadAll(answer.Body)
				answer.Body.Close()
			}
			if err == nil {
				t.Error("the answer looks whole")
			}
			arrived, gone := make(chan bool, 1), make(chan bool, 1)
			s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				arrived <- true
				<-r.Context().Done()
				gone <- true
			}))
			s.Config.ErrorLog = log.New(io.Discard, "", 0)
			s.Start()
			defer s.Close()
			address = fronted(t, newStand(t, config.HTTPPolicy{Upstream: way}, config.Target{Name: "slow", Address: s.Listener.Addr().String()}))
			ctx, cancel := context.WithCancel(t.Context())
			go func() {
				<-arrived
				cancel()
			}()
			request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address, nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := speaker2(t).Do(request); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
			<-gone
		})
	}
}
