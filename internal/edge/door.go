package edge

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/greenlang/fournines/internal/accept"
	"github.com/greenlang/fournines/internal/edge/front"
	"github.com/greenlang/fournines/internal/edge/relay"
	"github.com/greenlang/fournines/internal/edge/web"
)

// door is a listener whose service can be exchanged while it is open.
type door interface {
	address() string
	start() // serves from now on; again: nothing
	close(grace time.Duration)
}

const (
	headerTimeout = 10 * time.Second
	clientIdle    = 2 * time.Minute
	maxHeader     = 64 << 10
)

// httpDoor speaks HTTP/1.1 and HTTP/2, in cleartext or by TLS.
type httpDoor struct {
	listener front.Listener
	server   *http.Server
	router   atomic.Pointer[web.Router]
	gate     web.Gate
	once     sync.Once
	done     chan struct{}
}

func newHTTPDoor(l front.Listener, logger *slog.Logger) *httpDoor {
	d := &httpDoor{listener: l, done: make(chan struct{})}
	d.server = &http.Server{
		Handler:           http.HandlerFunc(d.serve),
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       clientIdle,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelDebug),
	}
	front.Configure(d.server)
	return d
}

func (d *httpDoor) serve(w http.ResponseWriter, r *http.Request) {
	if r.UserAgent() != web.ProbeAgent { // probes ask whether we are there, and we are
		d.gate.Wait(r.Context())
	}
	d.router.Load().ServeHTTP(w, r)
}

func (d *httpDoor) address() string { return d.listener.Addr().String() }

func (d *httpDoor) start() {
	d.once.Do(func() {
		go func() {
			defer close(d.done)
			_ = d.server.Serve(d.listener) // always http.ErrServerClosed: only close ends it
		}()
	})
}

// close lets the requests under way finish within grace.
func (d *httpDoor) close(grace time.Duration) {
	d.gate.Release()
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	if err := d.server.Shutdown(ctx); err != nil {
		_ = d.server.Close() // what is left now has had its time
	}
	<-d.done
}

type tcpDoor struct {
	listener net.Listener
	loop     accept.Loop
	service  atomic.Pointer[relay.Service]
	once     sync.Once
	done     chan struct{}
	open     context.Context // ends when the door is closed
	stop     context.CancelFunc
}

func newTCPDoor(l net.Listener, loop accept.Loop) *tcpDoor {
	d := &tcpDoor{listener: l, loop: loop, done: make(chan struct{})}
	d.open, d.stop = context.WithCancel(context.Background())
	return d
}

func (d *tcpDoor) address() string { return d.listener.Addr().String() }

func (d *tcpDoor) start() {
	d.once.Do(func() {
		go func() {
			defer close(d.done)
			d.loop.Run(d.open, d.listener, func(c net.Conn) { go d.service.Load().Handle(c) })
		}()
	})
}

func (d *tcpDoor) close(time.Duration) {
	d.stop()
	d.listener.Close()
	<-d.done
}
