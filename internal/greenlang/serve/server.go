package serve

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/greenlang/fournines/internal/greenlang/cache"
	"github.com/greenlang/fournines/internal/greenlang/store"
	"github.com/greenlang/fournines/kit/audit"
)

// Options say how an instance serves. Zero durations mean the default beside them.
type Options struct {
	Listen         string // host:port; beyond loopback only with a token
	Zone           string
	Version        string
	TokenFile      string        // bearer token of the API; empty: none is asked for
	AllowMisbehave bool          // serve /debug/misbehave
	Deadline       time.Duration // of a request, default 5 s
	Grace          time.Duration // ready without anything readable, default 30 s
	DrainDelay     time.Duration // between readiness failing and the listener closing, default 1 s
	Postgres       store.Options
	Redis          cache.Options
	Audit          AuditOptions
	Log            *slog.Logger
}

// stopWithin bounds the whole of an orderly end, the drain delay included.
const stopWithin = 10 * time.Second

// Server is one instance.
type Server struct {
	options  Options
	token    string
	store    *store.Store
	cache    *cache.Cache
	health   *Health
	metrics  *metrics
	trail    *audit.Client // nil: there is none
	misdeeds misbehaviour

	preloading sync.Mutex // held while Redis is filled
}

// New prepares an instance; it connects to nothing yet.
func New(o Options) (*Server, error) {
	o.Deadline = cmp.Or(o.Deadline, 5*time.Second)
	o.Grace = cmp.Or(o.Grace, 30*time.Second)
	o.DrainDelay = cmp.Or(o.DrainDelay, time.Second)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{options: o, health: NewHealth(o.Grace, time.Now()), metrics: newMetrics(o.Zone, o.Version)}
	if err := s.secure(); err != nil {
		return nil, err
	}
	o.Postgres.Observe = func(err error) {
		s.observe(Postgres, err)
		if err == nil || store.Misconfigured(err) {
			s.health.Broken(reason(err))
		}
	}
	o.Redis.Observe = func(err error) { s.observe(Redis, err) }
	var err error
	if s.store, err = store.Open(o.Postgres); err != nil {
		return nil, err
	}
	if s.cache, err = cache.Open(o.Redis); err != nil {
		s.store.Close()
		return nil, err
	}
	if s.trail, err = openTrail(o.Audit, o.Log); err != nil {
		s.store.Close()
		s.cache.Close()
		return nil, err
	}
	s.metrics.watch(s.store, s.cache)
	return s, nil
}

// Close releases connections.
func (s *Server) Close() {
	s.store.Close()
	s.cache.Close()
	if s.trail != nil {
		if err := s.trail.Close(); err != nil {
			s.options.Log.Warn("close audit trail", "err", err)
		}
	}
}

func reason(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func (s *Server) observe(name string, err error) {
	if err != nil {
		s.metrics.failures.WithLabelValues(name).Inc()
	}
	s.health.Observe(name, err, time.Now())
}

// secure reads the token, and refuses an address beyond loopback without one.
func (s *Server) secure() error {
	host, _, err := net.SplitHostPort(s.options.Listen)
	if err != nil {
		return fmt.Errorf("read listen address %q: %w; give host:port", s.options.Listen, err)
	}
	if s.options.TokenFile != "" {
		b, err := os.ReadFile(s.options.TokenFile)
		if err != nil {
			return fmt.Errorf("read token: %w", err)
		}
		if s.token = strings.TrimSpace(string(b)); s.token == "" {
			return errors.New("read token: the file is empty")
		}
	}
	if ip := net.ParseIP(host); s.token == "" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("listen on %s: beyond loopback a token is needed; set GREENLANG_TOKEN_FILE or listen on 127.0.0.0/8", s.options.Listen)
	}
	return nil
}

// Run serves until the context ends, then ends in order. It returns nil after an
// orderly end.
func (s *Server) Run(ctx context.Context) error {
	l, err := net.Listen("tcp", s.options.Listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	return s.Serve(ctx, l)
}

// Serve is Run on a listener that is there.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	h := &http.Server{Handler: s.Handler(), ReadHeaderTimeout: 5 * time.Second, IdleTimeout: 75 * time.Second,
		ErrorLog: slog.NewLogLogger(s.options.Log.Handler(), slog.LevelWarn)}
	probing, stop := context.WithCancel(context.Background())
	defer stop()
	go s.probe(probing)
	ended := make(chan error, 1)
	go func() { ended <- h.Serve(l) }()
	s.options.Log.Info("serving", "address", l.Addr().String(), "zone", s.options.Zone, "version", s.options.Version)
	select {
	case err := <-ended:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	return s.end(h)
}

// end fails readiness, gives probes the time to see it, and then lets requests
// in flight end. Meanwhile each answer closes its connection (see named); idle
// ones are not closed at once, for that would cut the request just being sent.
func (s *Server) end(h *http.Server) error {
	s.options.Log.Info("draining")
	s.health.Drain()
	ctx, cancel := context.WithTimeout(context.Background(), stopWithin)
	defer cancel()
	t := time.NewTimer(min(s.options.DrainDelay, stopWithin/2))
	defer t.Stop()
	<-t.C
	if err := h.Shutdown(ctx); err != nil {
		_ = h.Close() // what did not end in time is cut; Shutdown's error says so
		return fmt.Errorf("end requests in flight within %s: %w", stopWithin, err)
	}
	return nil
}
