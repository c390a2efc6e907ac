package s3test

import (
	"bytes"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/driver/s3"
)

// Proxy passes bytes between clients and an endpoint, and breaks what it is told to.
type Proxy struct {
	listener net.Listener
	target   string
	ended    chan struct{}

	away     atomic.Int32 // connections still to be refused
	cut      atomic.Int64 // bytes of requests after which a connection is cut, once
	swallow  atomic.Int32 // answers still to be lost after the endpoint gave them
	hold     atomic.Int64 // how long every answer waits, in nanoseconds
	die      atomic.Int32 // requests until nothing passes any more
	dying    atomic.Bool
	requests atomic.Int32
	lists    atomic.Int32
	lost     atomic.Int32

	mu       sync.Mutex
	absent   []byte // what begins with this is not there
	denied   []byte // what begins with this is refused
	losing   []byte // the answer to a request that holds this is lost, once
	answers  int64  // bytes of one connection's answers after which they stop
	stalling bool   // stop means stall, not end
	open     map[net.Conn]bool
}

// NewProxy listens on a loopback port until the test ends.
func NewProxy(t testing.TB, target string) *Proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{listener: l, target: target, ended: make(chan struct{}), open: map[net.Conn]bool{}}
	go p.accept()
	t.Cleanup(func() {
		_ = l.Close()
		close(p.ended)
		p.mu.Lock()
		defer p.mu.Unlock()
		for c := range p.open {
			_ = c.Close()
		}
	})
	return p
}

// Open returns a client of a bucket that goes through the proxy.
func (p *Proxy) Open(t testing.TB, g *Gateway, bucket string, change func(*s3.Options)) *s3.Store {
	t.Helper()
	return g.Open(t, bucket, func(o *s3.Options) {
		o.Endpoint, o.MaxBackoff = "http://"+p.Address(), 50*time.Millisecond
		if change != nil {
			change(o)
		}
	})
}

// Address is where the proxy listens.
func (p *Proxy) Address() string { return p.listener.Addr().String() }

// Refuse ends the next n connections at once, as an endpoint does that is away for a while.
func (p *Proxy) Refuse(n int32) { p.away.Store(n) }

// CutAfter cuts one connection when so many bytes of requests have passed.
func (p *Proxy) CutAfter(n int64) { p.cut.Store(n) }

// LoseAnswers lets the endpoint do what it is asked, and loses its next n answers.
func (p *Proxy) LoseAnswers(n int32) { p.swallow.Store(n) }

// LoseAnswerOf loses the answer to the next request that holds text.
func (p *Proxy) LoseAnswerOf(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.losing = []byte(text)
}

// Lost counts the answers that were lost.
func (p *Proxy) Lost() int32 { return p.lost.Load() }

// Slow holds every answer back.
func (p *Proxy) Slow(d time.Duration) { p.hold.Store(int64(d)) }

// StallAnswersAfter stops passing a connection's answers after n bytes, and leaves it open.
func (p *Proxy) StallAnswersAfter(n int64) { p.limitAnswers(n, true) }

// CutAnswersAfter ends a connection after n bytes of answers.
func (p *Proxy) CutAnswersAfter(n int64) { p.limitAnswers(n, false) }

func (p *Proxy) limitAnswers(n int64, stall bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answers, p.stalling = n, stall
}

// DieAfter lets n requests pass; then it is as if the client had been killed.
func (p *Proxy) DieAfter(n int32) { p.die.Store(n); p.dying.Store(true) }

// Lack answers every GET of a path that begins so as if nothing were there, as endpoints do that know nothing of it.
func (p *Proxy) Lack(path string) { p.lack("GET " + path) }

// LackPut answers every PUT of such a path so.
func (p *Proxy) LackPut(path string) { p.lack("PUT " + path) }

func (p *Proxy) lack(request string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.absent = []byte(request)
}

// Deny answers every request that begins so ("PUT /bucket/key") as endpoints do that do not like it; empty: none.
func (p *Proxy) Deny(request string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.denied = []byte(request)
}

const (
	nothingThere = "<Error><Code>NoSuchKey</Code></Error>"
	notLiked     = "<Error><Code>InvalidRequest</Code><Message>the endpoint does not like it</Message></Error>"
)

// lacks answers for the endpoint, if it is to.
func (p *Proxy) lacks(b []byte, client net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	status, body := "404 Not Found", nothingThere
	switch {
	case len(p.absent) > 0 && bytes.HasPrefix(b, p.absent):
	case len(p.denied) > 0 && bytes.HasPrefix(b, p.denied):
		status, body = "400 Bad Request", notLiked
	default:
		return false
	}
	_, err := fmt.Fprintf(client, "HTTP/1.1 %s\r\nContent-Type: application/xml\r\nContent-Length: %d\r\n\r\n%s", status, len(body), body)
	return err == nil
}

// Lists counts the requests among them that list a bucket.
func (p *Proxy) Lists() int32 { return p.lists.Load() }

// Requests counts what has begun to pass.
func (p *Proxy) Requests() int32 { return p.requests.Load() }

func (p *Proxy) accept() {
	for {
		c, err := p.listener.Accept()
		if err != nil {
			return
		}
		if p.away.Add(-1) >= 0 {
			_ = c.Close()
			continue
		}
		go p.serve(c)
	}
}

func (p *Proxy) track(c net.Conn, on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if on {
		p.open[c] = true
	} else {
		delete(p.open, c)
	}
}

func (p *Proxy) serve(client net.Conn) {
	server, err := net.Dial("tcp", p.target)
	if err != nil {
		_ = client.Close()
		return
	}
	p.track(client, true)
	p.track(server, true)
	end := sync.OnceFunc(func() {
		_, _ = client.Close(), server.Close()
		p.track(client, false)
		p.track(server, false)
	})
	go func() {
		defer end()
		p.up(server, client)
	}()
	defer end()
	p.down(client, server)
}

// methods begin a request; a body of a test does not begin a packet with one.
var methods = [][]byte{[]byte("PUT /"), []byte("GET /"), []byte("HEAD /"), []byte("POST /"), []byte("DELETE /")}

// up passes requests.
func (p *Proxy) up(server, client net.Conn) {
	buf := make([]byte, 32<<10)
	for {
		n, err := client.Read(buf)
		if !p.admit(buf[:n]) {
			return
		}
		if p.lacks(buf[:n], client) {
			continue
		}
		if p.cut.Load() > 0 && p.cut.Add(int64(-n)) <= 0 {
			p.cut.Store(0)
			_, _ = server.Write(buf[:n/2])
			return
		}
		if n > 0 {
			if _, err := server.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// admit counts a request, and says whether it may pass.
func (p *Proxy) admit(b []byte) bool {
	for _, m := range methods {
		if bytes.HasPrefix(b, m) {
			p.requests.Add(1)
			if line, _, _ := bytes.Cut(b, []byte("\r\n")); bytes.Contains(line, []byte("list-type=")) || bytes.Contains(line, []byte("?versions")) || bytes.Contains(line, []byte("&versions")) {
				p.lists.Add(1)
			}
			if p.dying.Load() && p.die.Add(-1) < 0 {
				return false
			}
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.losing) > 0 && bytes.Contains(b, p.losing) {
		p.losing = nil
		p.swallow.Add(1)
	}
	return true
}

// interim is no answer yet: the endpoint lets the body come.
var interim = []byte("HTTP/1.1 100")

// down passes answers.
func (p *Proxy) down(client, server net.Conn) {
	buf := make([]byte, 32<<10)
	passed := int64(0)
	for {
		n, err := server.Read(buf)
		if n > 0 && !bytes.HasPrefix(buf[:n], interim) {
			if p.swallow.Load() > 0 {
				p.swallow.Add(-1)
				p.lost.Add(1)
				return
			}
			if !p.delay(passed + int64(n)) {
				return
			}
		}
		passed += int64(n)
		if n > 0 {
			if _, err := client.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// delay holds an answer back, and says whether it passes at all.
func (p *Proxy) delay(passed int64) bool {
	wait := time.Duration(p.hold.Load())
	p.mu.Lock()
	over := p.answers > 0 && passed > p.answers
	stall := over && p.stalling
	p.mu.Unlock()
	if stall {
		wait = time.Hour
	}
	if wait > 0 {
		select {
		case <-time.After(wait): // this is the fault
		case <-p.ended:
			return false
		}
	}
	return !over
}
