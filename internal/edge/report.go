package edge

import (
	"slices"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/descriptor"
	"github.com/greenlang/fournines/internal/edge/cert"
	"github.com/greenlang/fournines/internal/edge/dns"
	"github.com/greenlang/fournines/internal/edge/relay"
	"github.com/greenlang/fournines/internal/edge/tally"
	"github.com/greenlang/fournines/internal/edge/web"
)

// The report's types, so that readers need one package only.
type (
	TargetState = web.TargetState
	TCPState    = relay.State
	RoleState   = relay.RoleState
	CertState   = cert.State
	Second      = tally.Second
	Row         = tally.Row
	Histogram   = tally.Histogram
)

// Report is what an edge knows: plain JSON data.
type Report struct {
	Region  string    `json:"region"`
	Version uint64    `json:"version"` // of the configuration; 0: none
	Booted  time.Time `json:"booted"`
	At      time.Time `json:"at"`
	Running bool      `json:"running"`
	// Descriptors are those of the edge's process.
	Descriptors descriptor.State `json:"descriptors,omitzero"`
	Targets     []TargetState    `json:"targets,omitempty"`
	// Panicking names the HTTP services that serve through all targets because
	// more than half would be ejected.
	Panicking []string   `json:"panicking,omitempty"`
	TCP       []TCPState `json:"tcp,omitempty"`
	DNS       *dns.State `json:"dns,omitempty"`
	// Certificates are those of HTTPS, in the configuration's order.
	Certificates []CertState `json:"certificates,omitempty"`
	Seconds      []Second    `json:"seconds,omitempty"` // finished ones, oldest first
	Events       []Event     `json:"events,omitempty"`  // oldest first
}

// Report returns everything that is kept: about two minutes of counters and the
// latest events.
func (e *Edge) Report() Report { return e.ReportSince(0, 0) }

// ReportSince returns the states and what came after the second and the event
// with these numbers: a reader goes on with the last numbers it has seen, over
// a restart of the edge as well.
func (e *Edge) ReportSince(second, event uint64) Report {
	now := e.opt.Now()
	e.mu.Lock()
	defer e.mu.Unlock()
	r := Report{
		Region: e.conf.Region, Version: e.conf.Version, Booted: e.booted, At: now, Running: e.running, Descriptors: e.descriptors.State(),
		Seconds: e.tally.Since(second, now), Events: e.events.Since(event), Certificates: e.certs.States(),
	}
	if e.conf.DNS != nil {
		state := e.names.State()
		r.DNS = &state
	}
	for name, s := range e.web {
		states, panicking := s.States()
		r.Targets = append(r.Targets, states...)
		if panicking {
			r.Panicking = append(r.Panicking, name)
		}
	}
	for _, l := range e.relay {
		r.TCP = append(r.TCP, l.current.State())
	}
	slices.Sort(r.Panicking)
	slices.SortFunc(r.Targets, func(a, b TargetState) int {
		return strings.Compare(a.Service+" "+a.Name, b.Service+" "+b.Name)
	})
	slices.SortFunc(r.TCP, func(a, b TCPState) int { return strings.Compare(a.Service, b.Service) })
	return r
}
