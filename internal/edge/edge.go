package edge

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/greenlang/fournines/internal/descriptor"
	"github.com/greenlang/fournines/internal/edge/cert"
	"github.com/greenlang/fournines/internal/edge/config"
	"github.com/greenlang/fournines/internal/edge/dns"
	"github.com/greenlang/fournines/internal/edge/event"
	"github.com/greenlang/fournines/internal/edge/tally"
	"github.com/greenlang/fournines/internal/edge/web"
)

// The configuration's types, so that callers need one package only.
type (
	Config      = config.Config
	HTTPService = config.HTTPService
	HTTPPolicy  = config.HTTPPolicy
	Target      = config.Target
	TCPService  = config.TCPService
	TCPPolicy   = config.TCPPolicy
	Member      = config.Member
	Duration    = config.Duration
	TLS         = config.TLS
	Certificate = config.Certificate
	Event       = event.Event
)

// GCPercent is what an edge process should hand to debug.SetGCPercent: its live
// heap is a few megabytes, and collecting it at every doubling costs about a
// tenth of the CPU time of a request.
const GCPercent = 400

// Options are what an edge needs. Dir is required.
type Options struct {
	Dir    string       // keeps the last configuration; created with 0700
	Logger *slog.Logger // nil discards
	// OnEvent is told of every event, in order. It must not block or call back.
	OnEvent func(Event)
	// Grace is how long Stop waits for requests under way: 5s.
	Grace time.Duration
	Now   func() time.Time // nil means time.Now
	Rand  func() uint64    // nil means math/rand/v2; safe for concurrent use
}

// Edge is one edge process's work. All methods are safe for concurrent use.
type Edge struct {
	opt    Options
	events *event.Log
	tally  *tally.Tally
	booted time.Time

	descriptors *descriptor.Gauge

	mu      sync.Mutex
	running bool
	applied bool // conf holds something
	conf    Config
	doors   map[doorKey]door
	web     map[string]*web.Service
	relay   map[string]*line
	names   *dns.Server
	certs   *cert.Store
	leaving sync.WaitGroup // doors that finish their last requests
}

// New returns an edge that does nothing yet.
func New(opt Options) *Edge {
	if opt.Logger == nil {
		opt.Logger = slog.New(slog.DiscardHandler)
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Rand == nil {
		opt.Rand = rand.Uint64
	}
	if opt.Grace <= 0 {
		opt.Grace = 5 * time.Second
	}
	now := opt.Now()
	e := &Edge{
		opt: opt, booted: now, descriptors: &descriptor.Gauge{Log: opt.Logger},
		// Numbers begin at the clock, so that they grow over a restart.
		events: event.NewLog(uint64(max(now.UnixMilli(), 0)), opt.OnEvent),
		tally:  tally.New(now),
		doors:  map[doorKey]door{},
		web:    map[string]*web.Service{},
		relay:  map[string]*line{},
	}
	e.certs = cert.NewStore(opt.Now, e.certificate)
	e.names = dns.New(dns.Options{Now: opt.Now, Rand: opt.Rand, Events: e.events.Add, Probe: web.Probe, Logger: opt.Logger, Descriptors: e.descriptors})
	return e
}

// certificate reports one that was taken or refused.
func (e *Edge) certificate(s cert.State) {
	v := event.Event{At: e.opt.Now(), Kind: event.CertificateLoaded, Subject: s.File, Detail: "it ends on " + s.NotAfter.UTC().Format(time.RFC3339)}
	if s.Error != "" {
		v.Kind, v.Detail = event.CertificateRefused, s.Error
		e.opt.Logger.Error("certificate is not used", "file", s.File, "error", s.Error)
	}
	e.events.Add(v)
}

// Start begins to serve what was applied or, when nothing was, the last
// configuration on the disk; without either it waits for Apply. A second Start
// does nothing. The error of a listener that cannot bind names the service.
func (e *Edge) Start() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.running {
		return nil
	}
	if !e.applied {
		c, err := load(e.opt.Dir)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			e.running = true
			return nil
		case err != nil:
			return err
		}
		e.conf, e.applied = c, true
	}
	fresh, err := e.bind(e.conf)
	if err != nil {
		return err
	}
	if err := e.nameServer(e.conf); err != nil {
		closeAll(fresh)
		return err
	}
	e.running = true
	e.serve(e.conf, fresh)
	return nil
}

// Stop ends serving: listeners close, requests under way get Grace, sessions
// are cut. A second Stop does nothing.
func (e *Edge) Stop() {
	e.mu.Lock()
	if e.running {
		e.running = false
		e.serve(Config{}, nil)
		e.names.Stop()
	}
	e.mu.Unlock()
	e.leaving.Wait()
}

// Run serves until ctx ends.
func (e *Edge) Run(ctx context.Context) error {
	if err := e.Start(); err != nil {
		return err
	}
	<-ctx.Done()
	e.Stop()
	return nil
}
