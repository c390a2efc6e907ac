package edge

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/edge/relay"
	"github.com/greenlang/fournines/internal/edge/web"
)

// ErrUnknown says that a service or member is not in the configuration.
var ErrUnknown = errors.New("the edge does not serve it")

// Cut helps to fence a member: it drops all sessions to it now and refuses new
// ones until it leads with a higher term, or until Uncut. When it returns
// nothing more is forwarded to the member. It returns the sessions dropped.
func (e *Edge) Cut(service, member, reason string) (closed int, err error) {
	err = e.each(service, func(s *relay.Service) error {
		n, err := s.Cut(member, reason)
		closed += n
		return err
	})
	return closed, err
}

// Uncut ends the fence of a member.
func (e *Edge) Uncut(service, member string) error {
	return e.each(service, func(s *relay.Service) error { return s.Uncut(member) })
}

// Hold begins a planned switchover: new sessions and the next statements of
// idle ones wait, at most for limit and never longer than a minute. Report
// shows how many sessions are still busy. Of an HTTP service new requests wait, and are
// routed anew when the hold ends.
func (e *Edge) Hold(service string, limit time.Duration) error {
	if gates := e.gates(service); len(gates) > 0 {
		for _, g := range gates {
			g.Hold(limit)
		}
		return nil
	}
	return e.each(service, func(s *relay.Service) error { s.Hold(limit); return nil })
}

// Release ends a hold; without one it does nothing.
func (e *Edge) Release(service string) error {
	if gates := e.gates(service); len(gates) > 0 {
		for _, g := range gates {
			g.Release()
		}
		return nil
	}
	return e.each(service, func(s *relay.Service) error { s.Release(); return nil })
}

// gates returns those of the addresses where an HTTP service is served, here or elsewhere.
func (e *Edge) gates(service string) (out []*web.Gate) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, s := range e.conf.HTTP {
		name, _, _ := strings.Cut(s.Name, "@")
		if name != service {
			continue
		}
		for _, key := range httpKeys(s) {
			if d, ok := e.doors[key].(*httpDoor); ok {
				out = append(out, &d.gate)
			}
		}
	}
	return out
}

// each does something to a TCP service and to its predecessors. A member that
// only one of them knows is fine.
func (e *Edge) each(service string, do func(*relay.Service) error) error {
	e.mu.Lock()
	l := e.relay[service]
	var all []*relay.Service
	if l != nil {
		l.sweep()
		all = append(append(all, l.retired...), l.current)
	}
	e.mu.Unlock()
	if len(all) == 0 {
		return fmt.Errorf("command tcp service %q: %w", service, ErrUnknown)
	}
	var errs []error
	for _, s := range all {
		if err := do(s); err != nil {
			errs = append(errs, err)
		}
	}
	if len(errs) == len(all) {
		return errors.Join(errs...)
	}
	return nil
}

// Address returns where a service listens; false when it is not served.
func (e *Edge) Address(service string) (string, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, s := range e.conf.HTTP {
		if d := e.doors[httpKey(s)]; s.Name == service && d != nil {
			return d.address(), true
		}
	}
	for _, s := range e.conf.TCP {
		if d := e.doors[tcpKey(s)]; s.Name == service && d != nil {
			return d.address(), true
		}
	}
	return "", false
}

// AddressTLS returns where an HTTP service listens for HTTPS; false when nowhere.
func (e *Edge) AddressTLS(service string) (string, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, s := range e.conf.HTTP {
		if d := e.doors[httpsKey(s)]; s.Name == service && s.ListenTLS != "" && d != nil {
			return d.address(), true
		}
	}
	return "", false
}
