package front

import (
	"bytes"
	"testing"

	"golang.org/x/net/http2"
)

// FuzzConn: whatever comes, the way it is cut changes nothing, HTTP/1 passes as it is, and
// of HTTP/2 the server reads only whole frames that fit.
func FuzzConn(f *testing.F) {
	w := newWriter()
	_ = w.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1}, http2.Setting{ID: http2.SettingInitialWindowSize, Val: 2})
	w.request(1, "te", "gzip")
	_ = w.WriteHeaders(http2.HeadersFrameParam{StreamID: 3, BlockFragment: w.fields(get...), PadLength: 3})
	_ = w.WriteContinuation(3, true, w.fields("connection", "close"))
	_ = w.WriteData(3, true, []byte("data"))
	f.Add(w.Bytes(), 7)
	f.Add([]byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), 3)
	f.Add([]byte(preface+"\x00\x40\x01\x01\x05\x00\x00\x00\x01"), 1)
	f.Fuzz(func(t *testing.T, sent []byte, piece int) {
		whole, answered := through(t, sent, 1<<20)
		cut, again := through(t, sent, piece&0xff+1)
		if bytes.HasPrefix(sent, []byte(preface)) {
			if !bytes.Equal(whole, cut) || answered != again {
				t.Fatalf("in one piece the server reads %x and the client %x, cut %x and %x", whole, answered, cut, again)
			}
			for rest := whole[len(preface):]; len(rest) > 0; {
				if len(rest) < headerSize {
					t.Fatalf("the server reads a part of a frame's header: %x", rest)
				}
				frame := parseFrame(rest)
				if frame.length > maxFrame || len(rest) < headerSize+frame.length && frame.kind != data {
					t.Fatalf("the server reads a part of %+v", frame)
				}
				rest = rest[min(len(rest), headerSize+frame.length):]
			}
			return
		}
		if !bytes.HasPrefix(sent, whole) || !bytes.HasPrefix(sent, cut) || answered != "" {
			t.Fatalf("%q became %q or %q", sent, whole, cut)
		}
	})
}
