package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// MaxTargets bounds one pool, because the tries of a request are kept in one
// machine word.
const MaxTargets = 64

// Validate says everything that is wrong with a configuration, joined; nil
// when it can be served as it stands.
func (c Config) Validate() error {
	v := &validator{listens: map[string]string{}, cells: map[string]map[int]string{}, names: map[string]bool{}, secure: map[string]bool{}, beyond: c.BeyondLoopback}
	if c.Version == 0 {
		v.add("version is 0: number configurations from 1")
	}
	if c.Cells < 0 {
		v.add("cells is %d: use 0 or more", c.Cells)
	}
	v.tls(&c)
	for i := range c.HTTP {
		v.http(&c.HTTP[i])
		if s := &c.HTTP[i]; s.ListenTLS != "" {
			v.https(s, c.TLS)
		}
	}
	for i := range c.TCP {
		v.tcp(&c.TCP[i])
	}
	if c.DNS != nil {
		v.dns(c.DNS)
	}
	return errors.Join(v.errs...)
}

type validator struct {
	errs    []error
	listens map[string]string // address -> service
	names   map[string]bool
	cells   map[string]map[int]string // address -> cell -> HTTP service
	secure  map[string]bool           // address -> HTTPS
	beyond  bool                      // listening beyond loopback is meant
}

func (v *validator) add(format string, args ...any) {
	v.errs = append(v.errs, fmt.Errorf("validate edge configuration: "+format, args...))
}

func (v *validator) service(kind, name, listen string, shared bool) {
	switch {
	case name == "":
		v.add("a %s service has no name", kind)
	case v.names[name]:
		v.add("service %q is declared twice: names are unique over http and tcp", name)
	}
	v.names[name] = true
	v.listen(name, listen, shared)
}

func (v *validator) listen(name, listen string, shared bool) {
	address, err := netip.ParseAddrPort(listen)
	switch {
	case err != nil:
		v.add("service %q: listen %q is no address:port: %v", name, listen, err)
	case !v.beyond && !address.Addr().IsLoopback():
		v.add("service %q: listen %q is not a loopback address: use 127.0.0.0/8, or set beyondLoopback", name, listen)
	case v.listens[listen] != "" && address.Port() != 0 && !shared:
		v.add("service %q: listen %q already belongs to service %q", name, listen, v.listens[listen])
	}
	v.listens[listen] = name
}

// https checks where a service listens for HTTPS.
func (v *validator) https(s *HTTPService, tls *TLS) {
	if tls == nil {
		v.add("service %q: it listens for HTTPS on %s and there is no tls: name certificates", s.Name, s.ListenTLS)
	}
	v.listen(s.Name, s.ListenTLS, v.shares(s.ListenTLS, true, s))
}

// shares says whether an HTTP service may listen where others do, because no cell of its
// own is theirs as well, and they speak the same there.
func (v *validator) shares(listen string, tls bool, s *HTTPService) bool {
	taken := v.cells[listen]
	if taken == nil {
		taken = map[int]string{}
		v.cells[listen] = taken
	}
	cells := s.Cells
	if len(cells) == 0 {
		cells = []int{rest}
	}
	before, known := v.secure[listen]
	v.secure[listen] = tls
	ok := !known || before == tls
	for _, c := range cells {
		if taken[c] != "" {
			ok = false
		}
		taken[c] = s.Name
	}
	return ok
}

// rest stands for the cells that no service names.
const rest = -1

func (v *validator) http(s *HTTPService) {
	v.service("http", s.Name, s.Listen, v.shares(s.Listen, false, s))
	if len(s.Targets) == 0 {
		v.add("service %q has no targets: name at least one", s.Name)
	}
	if len(s.Targets) > MaxTargets {
		v.add("service %q has %d targets: split it, at most %d fit one pool", s.Name, len(s.Targets), MaxTargets)
	}
	seen := map[string]bool{}
	for _, t := range s.Targets {
		v.peer(s.Name, "target", t.Name, t.Address, seen)
		if t.HealthPath != "" && !cleanPath(t.HealthPath) {
			v.add("service %q: target %q: health path %q must begin with / and hold no blanks", s.Name, t.Name, t.HealthPath)
		}
		if t.Weight < 0 || t.Weight > 1000 {
			v.add("service %q: target %q: weight %d is outside 0-1000", s.Name, t.Name, t.Weight)
		}
	}
	v.httpPolicy(s.Name, &s.Policy)
}

func (v *validator) httpPolicy(name string, p *HTTPPolicy) {
	v.notNegative(name, map[string]Duration{
		"probeEvery": p.ProbeEvery, "reprobeEvery": p.ReprobeEvery, "probeTimeout": p.ProbeTimeout,
		"breakerCooldown": p.BreakerCooldown, "connectTimeout": p.ConnectTimeout,
		"tryTimeout": p.TryTimeout, "timeout": p.Timeout, "idleTimeout": p.IdleTimeout,
	})
	if p.Rise < 0 || p.Fall < 0 || p.BreakerFailures < 0 || p.Tries < 0 {
		v.add("service %q: rise, fall, breakerFailures and tries cannot be negative", name)
	}
	if p.BudgetPercent != nil && (*p.BudgetPercent < 0 || *p.BudgetPercent > 100) {
		v.add("service %q: budgetPercent %d is outside 0-100", name, *p.BudgetPercent)
	}
	if p.BudgetFloor != nil && *p.BudgetFloor < 0 {
		v.add("service %q: budgetFloor %d cannot be negative", name, *p.BudgetFloor)
	}
	if p.Upstream != "" && p.Upstream != Pooled && p.Upstream != Standard {
		v.add("service %q: upstream %q is unknown: use %q or %q", name, p.Upstream, Pooled, Standard)
	}
}

func (v *validator) tcp(s *TCPService) {
	v.service("tcp", s.Name, s.Listen, false)
	if s.Protocol != Postgres && s.Protocol != Redis {
		v.add("service %q: protocol %q is unknown: use %q or %q", s.Name, s.Protocol, Postgres, Redis)
	}
	if s.Protocol == Redis && !cleanWord(s.Master) {
		v.add("service %q: master %q is not a name the sentinels can know", s.Name, s.Master)
	}
	if len(s.Members) == 0 {
		v.add("service %q has no members: name at least one", s.Name)
	}
	seen := map[string]bool{}
	for _, m := range s.Members {
		v.peer(s.Name, "member", m.Name, m.Address, seen)
		if err := address(m.Witness); err != nil {
			v.add("service %q: member %q: witness %q: %v", s.Name, m.Name, m.Witness, err)
		}
	}
	v.notNegative(s.Name, map[string]Duration{
		"wait": s.Policy.Wait, "connectTimeout": s.Policy.ConnectTimeout, "pollTimeout": s.Policy.PollTimeout,
	})
	if p := s.Policy; p.Sessions < 0 || p.RoleSessions < 0 || p.Starting < 0 || p.Opening < 0 {
		v.add("service %q: sessions, roleSessions, starting and opening cannot be negative", s.Name)
	}
}

func (v *validator) peer(service, kind, name, at string, seen map[string]bool) {
	switch {
	case !cleanWord(name):
		v.add("service %q: %s name %q must be a word without blanks", service, kind, name)
	case seen[name]:
		v.add("service %q: %s %q is declared twice", service, kind, name)
	}
	seen[name] = true
	if err := address(at); err != nil {
		v.add("service %q: %s %q: address %q: %v", service, kind, name, at, err)
	}
}

func (v *validator) notNegative(service string, values map[string]Duration) {
	for name, d := range values {
		if d < 0 {
			v.add("service %q: %s cannot be negative", service, name)
		}
	}
}

func address(s string) error {
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return fmt.Errorf("not host:port: %w", err)
	}
	if !cleanWord(host) {
		return errors.New("the host is empty or holds blanks")
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return fmt.Errorf("port %q is not in 1-65535", port)
	}
	return nil
}

// cleanWord and cleanPath keep blanks and control characters out of what the
// edge later writes into requests and headers.
func cleanWord(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f })
}

func cleanPath(s string) bool { return cleanWord(s) && s[0] == '/' }
