package front

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// script is a client that has sent these bytes, some at a time, and then nothing more.
type script struct {
	net.Conn
	rest  []byte
	piece int
	wrote bytes.Buffer
}

func (s *script) Read(p []byte) (int, error) {
	if len(s.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), s.piece)], s.rest)
	s.rest = s.rest[n:]
	return n, nil
}

func (s *script) Write(p []byte) (int, error)      { return s.wrote.Write(p) }
func (s *script) Close() error                     { return nil }
func (s *script) SetReadDeadline(time.Time) error  { return nil }
func (s *script) SetWriteDeadline(time.Time) error { return nil }

// through returns what the server reads of bytes that come in pieces, and what the
// connection has answered by itself.
func through(t testing.TB, sent []byte, piece int) (read []byte, answered string) {
	t.Helper()
	s := &script{rest: sent, piece: piece}
	c := &Conn{Conn: s}
	read, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	return read, s.wrote.String()
}

// writer makes frames.
type writer struct {
	bytes.Buffer
	*http2.Framer
	block bytes.Buffer
	hpack *hpack.Encoder
}

func newWriter() *writer {
	w := &writer{}
	w.Framer = http2.NewFramer(&w.Buffer, nil)
	w.AllowIllegalWrites = true
	w.hpack = hpack.NewEncoder(&w.block)
	w.WriteString(preface)
	return w
}

func (w *writer) fields(pairs ...string) []byte {
	w.block.Reset()
	for i := 0; i < len(pairs); i += 2 {
		_ = w.hpack.WriteField(hpack.HeaderField{Name: pairs[i], Value: pairs[i+1]}) // into memory
	}
	return bytes.Clone(w.block.Bytes())
}

var get = []string{":method", "GET", ":scheme", "http", ":path", "/", ":authority", "a"}

func (w *writer) request(stream uint32, more ...string) {
	_ = w.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, EndStream: true, EndHeaders: true, BlockFragment: w.fields(append(get[:8:8], more...)...)}) // into memory
}

// TestConforming: what conforms passes as it came, however it is cut.
func TestConforming(t *testing.T) {
	t.Parallel()
	w := newWriter()
	_ = w.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1 << 20}, http2.Setting{ID: http2.SettingEnablePush, Val: 0})
	_ = w.WriteWindowUpdate(0, 1<<20)
	w.request(1, "accept", "*/*", "te", "trailers", "cookie", "a=b")
	_ = w.WriteHeaders(http2.HeadersFrameParam{StreamID: 3, BlockFragment: w.fields(":method", "POST", ":scheme", "http", ":path", "/x?y", ":authority", "a", "content-length", "20000"), PadLength: 9, Priority: http2.PriorityParam{StreamDep: 1, Weight: 3}})
	_ = w.WriteContinuation(3, false, w.fields("x-long", strings.Repeat("v", 9000)))
	_ = w.WriteContinuation(3, true, w.fields("x-end", "1"))
	_ = w.WriteData(3, false, bytes.Repeat([]byte("d"), 16384))
	_ = w.WriteData(3, false, bytes.Repeat([]byte("e"), 3616))
	_ = w.WriteHeaders(http2.HeadersFrameParam{StreamID: 3, EndStream: true, EndHeaders: true, BlockFragment: w.fields("x-sum", "1")})
	_ = w.WritePing(false, [8]byte{1})
	_ = w.WriteRSTStream(1, http2.ErrCodeCancel)
	_ = w.WriteRawFrame(0xbe, 0x3, 7, []byte("unknown"))
	for _, sent := range [][]byte{w.Bytes(), []byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), []byte("PRINT / HTTP/1.1\r\n\r\n"), []byte("POST /a b HTTP/1.1\r\n\r\n"), nil} {
		for _, piece := range []int{1, 2, 9, 100, 1 << 20} {
			if read, answered := through(t, sent, piece); !bytes.Equal(read, sent) || answered != "" {
				t.Fatalf("%d bytes in pieces of %d became %d, answered %q", len(sent), piece, len(read), answered)
			}
		}
	}
}

func TestForeign(t *testing.T) {
	t.Parallel()
	for _, sent := range []string{"INVALID CONNECTION PREFACE\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n", "GET / HTTP/2\r\n\r\n", "\x16\x03\x01\x00\x05\x01\n"} {
		for _, piece := range []int{40, 1 << 20} {
			if read, answered := through(t, []byte(sent), piece); len(read) > 0 || answered != "" {
				t.Errorf("%q: the server reads %q, the client %q", sent, read, answered)
			}
		}
	}
}

// reread lists the streams whose header blocks a server would accept, and those it resets.
func reread(t *testing.T, read []byte) (good, bad []uint32) {
	t.Helper()
	f := http2.NewFramer(nil, bytes.NewReader(read[len(preface):]))
	f.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	for {
		frame, err := f.ReadFrame()
		var stream http2.StreamError
		switch e := err.(type) {
		case nil:
			if h, ok := frame.(*http2.MetaHeadersFrame); ok {
				good = append(good, h.StreamID)
			}
			continue
		case http2.StreamError:
			stream = e
		default:
			if err != io.EOF {
				t.Fatal(err)
			}
			return good, bad
		}
		if stream.Code != http2.ErrCodeProtocol {
			t.Fatal(stream)
		}
		bad = append(bad, stream.StreamID)
	}
}

// TestMalformed: requests that must be reset are shown to the server in a way that it does
// reset, and HPACK's state goes on.
func TestMalformed(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("v", 15000)
	cases := map[string][]string{
		"connection": {"connection", "keep-alive"}, "keep-alive": {"keep-alive", "5"}, "proxy-connection": {"proxy-connection", "close"},
		"transfer-encoding": {"transfer-encoding", "chunked"}, "upgrade": {"upgrade", "h2c"}, "te": {"te", "trailers, deflate"},
		"two lengths": {"content-length", "0", "content-length", "1"}, "length without a body": {"content-length", "5"},
		"no length": {"content-length", "+0"}, "empty length": {"content-length", ""}, "other host": {"host", "b"}, "two hosts": {"host", "a", "host", "a"},
		"after a long field": {"x-long", long, "connection", "close"},
	}
	for name, value := range map[string]string{":path": "/a b", ":path ": "/a\r\nX: y", ":path#": "/a#b", ":method": "GET / HTTP/1.1", ":method ": "", ":authority": "a/../b", ":authority ": "user@a", ":authority  ": "a b"} {
		cases[name] = []string{strings.TrimRight(name, " #"), value}
	}
	for name, fields := range cases {
		w := newWriter()
		w.request(1, "x-first", "1")
		block := append(get[:8:8], fields...)
		if fields[0][0] == ':' {
			block = get[:8:8]
			for i := 0; i < len(block); i += 2 {
				if block[i] == fields[0] {
					block = append(append(append([]string{}, block[:i]...), fields...), block[i+2:]...)
				}
			}
		}
		_ = w.WriteHeaders(http2.HeadersFrameParam{StreamID: 3, EndStream: true, EndHeaders: true, BlockFragment: w.fields(block...)})
		w.request(5, "x-first", "1", "x-second", "2")
		for _, piece := range []int{1, 1 << 20} {
			read, answered := through(t, w.Bytes(), piece)
			good, bad := reread(t, read)
			if len(good) != 2 || len(bad) != 1 || bad[0] != 3 || answered != "" {
				t.Errorf("%s: accepted %v, reset %v, answered %q", name, good, bad, answered)
			}
		}
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	const window, push, frame = http2.SettingInitialWindowSize, http2.SettingEnablePush, http2.SettingMaxFrameSize
	for _, c := range []struct{ sent, want []http2.Setting }{
		{[]http2.Setting{{ID: window, Val: 1}, {ID: push, Val: 0}, {ID: window, Val: 2}}, []http2.Setting{{ID: window, Val: 2}, {ID: push, Val: 0}}},
		{[]http2.Setting{{ID: window, Val: 1 << 31}, {ID: window, Val: 2}}, []http2.Setting{{ID: window, Val: 1 << 31}}},
		{[]http2.Setting{{ID: push, Val: 0}, {ID: push, Val: 2}, {ID: push, Val: 1}}, []http2.Setting{{ID: push, Val: 2}}},
		{[]http2.Setting{{ID: frame, Val: 1}, {ID: frame, Val: 1 << 20}}, []http2.Setting{{ID: frame, Val: 1}}},
		{[]http2.Setting{{ID: 0x99, Val: 1}, {ID: 0x99, Val: 2}, {ID: 0x98, Val: 3}}, []http2.Setting{{ID: 0x99, Val: 2}, {ID: 0x98, Val: 3}}},
	} {
		sent, want := newWriter(), newWriter()
		_, _ = sent.WriteSettings(c.sent...), want.WriteSettings(c.want...)
		_, _ = sent.WritePing(false, [8]byte{7}), want.WritePing(false, [8]byte{7})
		for _, piece := range []int{1, 1 << 20} {
			if read, _ := through(t, sent.Bytes(), piece); !bytes.Equal(read, want.Bytes()) {
				t.Errorf("%v: the server reads %x, want %x", c.sent, read, want.Bytes())
			}
		}
	}
}

// said is the code of the GOAWAY that the connection has sent by itself.
func said(t *testing.T, answered string) (http2.ErrCode, uint32) {
	t.Helper()
	frame, err := http2.NewFramer(nil, strings.NewReader(answered)).ReadFrame()
	if err != nil {
		t.Fatalf("answered %q: %v", answered, err)
	}
	g, ok := frame.(*http2.GoAwayFrame)
	if !ok {
		t.Fatalf("answered %v", frame)
	}
	return g.ErrCode, g.LastStreamID
}

// TestEnds: what ends a connection ends it with the right code, behind what came before.
func TestEnds(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		send func(*writer)
		want http2.ErrCode
	}{
		"oversize":          {func(w *writer) { _ = w.WriteRawFrame(http2.FrameHeaders, 0x5, 3, make([]byte, maxFrame+1)) }, http2.ErrCodeFrameSize},
		"oversize data":     {func(w *writer) { _ = w.WriteRawFrame(http2.FrameData, 0, 1, make([]byte, maxFrame+1)) }, http2.ErrCodeFrameSize},
		"no such index":     {func(w *writer) { _ = w.WriteRawFrame(http2.FrameHeaders, 0x5, 3, []byte{0xff, 0x7f}) }, http2.ErrCodeCompression},
		"half a field":      {func(w *writer) { _ = w.WriteRawFrame(http2.FrameHeaders, 0x5, 3, []byte{0x00, 0x05, 'a'}) }, http2.ErrCodeCompression},
		"padding":           {func(w *writer) { _ = w.WriteRawFrame(http2.FrameHeaders, 0xd, 3, []byte{9, 0}) }, http2.ErrCodeProtocol},
		"no padding length": {func(w *writer) { _ = w.WriteRawFrame(http2.FrameHeaders, 0xd, 3, nil) }, http2.ErrCodeFrameSize},
		"no priority":       {func(w *writer) { _ = w.WriteRawFrame(http2.FrameHeaders, 0x25, 3, []byte{1}) }, http2.ErrCodeFrameSize},
		"continuation":      {func(w *writer) { _ = w.WriteContinuation(1, true, nil) }, http2.ErrCodeProtocol},
		"headers twice": {func(w *writer) {
			_ = w.WriteRawFrame(http2.FrameHeaders, 0x1, 3, nil)
			_ = w.WriteRawFrame(http2.FrameHeaders, 0x5, 5, nil)
		}, http2.ErrCodeProtocol},
	} {
		w := newWriter()
		w.request(1)
		before := w.Len()
		c.send(w)
		w.request(7) // is never read
		read, answered := through(t, w.Bytes(), 1<<20)
		code, last := said(t, answered)
		if code != c.want || last > 5 || last < 1 || len(read) < before || bytes.Contains(read[before:], headerOf(7)) {
			t.Errorf("%s: GOAWAY %v of stream %d, the server reads %d bytes of %d", name, code, last, len(read), w.Len())
		}
	}
}

// headerOf is the end of the header of a HEADERS frame on a stream.
func headerOf(stream uint32) []byte {
	return binary.BigEndian.AppendUint32([]byte{byte(headers), 0x5}, stream)
}

// TestGoAwayBetweenFrames: a GOAWAY waits for the end of the frame that is being written.
func TestGoAwayBetweenFrames(t *testing.T) {
	t.Parallel()
	s := &script{}
	c := &Conn{Conn: s}
	c.out.begin()
	c.framed.Store(true)
	w := newWriter()
	w.Reset()
	_ = w.WriteData(1, false, []byte("whole"))
	_ = w.WriteData(1, true, []byte("in two parts"))
	b := w.Bytes()
	for _, part := range [][]byte{b[:20], b[20:24], b[24:]} {
		if n, err := c.Write(part); n != len(part) || err != nil {
			t.Fatal(n, err)
		}
		if len(part) == 20 {
			c.out.goAway(s, 5, enhanceYourCalm, "calm")
		}
	}
	if n, err := c.Write([]byte("nothing more")); n != 12 || err != nil {
		t.Fatal(n, err)
	}
	c.Close()
	got := s.wrote.String()
	if !strings.HasPrefix(got, string(b)) {
		t.Fatalf("%q does not begin with %q", got, b)
	}
	if code, last := said(t, got[len(b):]); code != http2.ErrCodeEnhanceYourCalm || last != 5 {
		t.Fatalf("got %v, %d", code, last)
	}
}

// TestVoid: the body of a request that was reset is dropped, the client's window is given
// back, and the connection goes on.
func TestVoid(t *testing.T) {
	t.Parallel()
	w := newWriter()
	_ = w.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, EndHeaders: true, BlockFragment: w.fields(append(get[:8:8], "connection", "close")...)})
	w.request(3)
	_ = w.WriteData(1, false, make([]byte, 5000))
	_ = w.WriteWindowUpdate(1, 5000)
	_ = w.WriteData(3, false, []byte("another's"))
	_ = w.WriteData(1, true, []byte("body"))
	w.request(5)
	for _, piece := range []int{1, 700, 1 << 20} {
		read, answered := through(t, w.Bytes(), piece)
		good, bad := reread(t, read)
		if len(good) != 2 || len(bad) != 1 || !bytes.Contains(read, []byte("another's")) || bytes.Contains(read, []byte("body")) {
			t.Fatalf("accepted %v, reset %v", good, bad)
		}
		given := uint32(0)
		f := http2.NewFramer(nil, strings.NewReader(answered))
		for {
			frame, err := f.ReadFrame()
			if err != nil {
				break
			}
			if u, ok := frame.(*http2.WindowUpdateFrame); ok && u.StreamID == 0 {
				given += u.Increment
			}
		}
		if given != 5004 {
			t.Errorf("%d bytes of the window were given back", given)
		}
	}
}
