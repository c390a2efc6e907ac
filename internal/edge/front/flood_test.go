package front

import (
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"
)

// served is a real server behind a Listener.
func served(t *testing.T, h http.HandlerFunc) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: h, ErrorLog: log.New(io.Discard, "", 0)}
	Configure(s)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Serve(Listener{Listener: l, TLS: (*tls.Config)(nil)}) // always http.ErrServerClosed
	}()
	t.Cleanup(func() {
		_ = s.Close() // connections of the attacks may be left
		<-done
	})
	return l.Addr().String()
}

// attack sends what step makes until the connection ends, at most limit times, and
// returns how often it could, and the code of the GOAWAY that came, if one did.
func attack(t *testing.T, address string, limit int, step func(w *writer, i int)) (steps int, code http2.ErrCode, told bool) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		f := http2.NewFramer(nil, conn)
		for {
			frame, err := f.ReadFrame()
			if err != nil {
				if errors.Is(err, http2.ErrFrameTooLarge) {
					continue
				}
				return
			}
			if g, ok := frame.(*http2.GoAwayFrame); ok {
				code, told = g.ErrCode, true
				return
			}
		}
	}()
	w := newWriter()
	_ = w.WriteSettings() // into memory
	for steps < limit {
		for range 50 {
			step(w, steps)
			steps++
		}
		if _, err := conn.Write(w.Bytes()); err != nil {
			break
		}
		w.Reset()
		select {
		case <-ended:
			return steps, code, told
		default:
		}
	}
	<-ended
	return steps, code, told
}

// far is more steps than any flood may get through with, and enough that the kernel's
// buffers do not hold them all.
const far = 1 << 20

// TestFloods: each flood ends its connection, told why, after a bounded number of frames.
func TestFloods(t *testing.T) {
	t.Parallel()
	for name, step := range map[string]func(w *writer, i int){
		"ping":     func(w *writer, _ int) { _ = w.WritePing(false, [8]byte{}) },
		"settings": func(w *writer, _ int) { _ = w.WriteSettings() },
		"priority": func(w *writer, _ int) { _ = w.WritePriority(1, http2.PriorityParam{Weight: 1}) },
		"unknown":  func(w *writer, _ int) { _ = w.WriteRawFrame(0xee, 0, 0, nil) },
		"window":   func(w *writer, _ int) { _ = w.WriteWindowUpdate(0, 1) },
		"empty data": func(w *writer, i int) {
			if i == 0 {
				_ = w.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, EndHeaders: true, BlockFragment: w.fields(get...)})
			}
			_ = w.WriteData(1, false, nil)
		},
		"continuation": func(w *writer, i int) {
			if i == 0 {
				_ = w.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: w.fields(get...)})
			}
			_ = w.WriteContinuation(1, false, nil)
		},
		"rapid reset": func(w *writer, i int) {
			w.request(uint32(2*i + 1))
			_ = w.WriteRSTStream(uint32(2*i+1), http2.ErrCodeCancel)
		},
		"resets by the server": func(w *writer, i int) { w.request(uint32(2*i+1), "connection", "close") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := served(t, func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
			_, code, told := attack(t, address, far, step)
			if !told || code != http2.ErrCodeEnhanceYourCalm {
				t.Errorf("the connection ended with GOAWAY %v: %v, want %v", told, code, http2.ErrCodeEnhanceYourCalm)
			}
		})
	}
}

// TestBigBlock: a header block without end is refused before it takes much memory.
func TestBigBlock(t *testing.T) {
	t.Parallel()
	address := served(t, func(http.ResponseWriter, *http.Request) {})
	value := make([]byte, 8000)
	for i := range value {
		value[i] = '\\' // HPACK makes it longer, not shorter
	}
	steps, code, told := attack(t, address, far, func(w *writer, i int) {
		if i == 0 {
			_ = w.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: w.fields(get...)})
		}
		_ = w.WriteContinuation(1, false, w.fields("x-big", string(value)))
	})
	if steps == far || told && code == http2.ErrCodeNo {
		t.Errorf("%d frames of a header block passed, GOAWAY %v: %v", steps, told, code)
	}
}

// TestRapidReset: however fast requests are reset, few handlers run at once.
func TestRapidReset(t *testing.T) {
	t.Parallel()
	var running, most, begun atomic.Int64
	release := make(chan struct{})
	address := served(t, func(w http.ResponseWriter, r *http.Request) {
		begun.Add(1)
		n := running.Add(1)
		defer running.Add(-1)
		for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
		}
		<-release // a handler that does not look whether its client is there
	})
	_, _, told := attack(t, address, far, func(w *writer, i int) {
		w.request(uint32(2*i + 1))
		_ = w.WriteRSTStream(uint32(2*i+1), http2.ErrCodeCancel)
	})
	close(release)
	if !told || most.Load() > maxStreams {
		t.Errorf("told %v; %d handlers began, %d at once", told, begun.Load(), most.Load())
	}
}
