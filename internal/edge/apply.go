package edge

import (
	"errors"
	"fmt"
	"net"
	"reflect"

	"github.com/greenlang/fournines/internal/accept"
	"github.com/greenlang/fournines/internal/edge/cert"
	"github.com/greenlang/fournines/internal/edge/config"
	"github.com/greenlang/fournines/internal/edge/event"
	"github.com/greenlang/fournines/internal/edge/front"
	"github.com/greenlang/fournines/internal/edge/relay"
	"github.com/greenlang/fournines/internal/edge/web"
)

// ErrOlder says that a configuration is older than the one that is served.
var ErrOlder = errors.New("the edge already has a newer configuration")

// line is a TCP service with its predecessors, whose sessions go on.
type line struct {
	current *relay.Service
	retired []*relay.Service
}

// Apply validates a configuration, binds what is new, stores it, and switches. After any
// failure the running configuration stays as it is. The same configuration again does
// nothing; an older version is [ErrOlder]. Before Start it only stores.
func (e *Edge) Apply(c Config) error {
	if err := c.Validate(); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.applied {
		if c.Version < e.conf.Version {
			return fmt.Errorf("apply edge configuration version %d: %w, version %d", c.Version, ErrOlder, e.conf.Version)
		}
		if reflect.DeepEqual(c, e.conf) {
			return nil
		}
	}
	var fresh map[doorKey]net.Listener
	if e.running {
		var err error
		if fresh, err = e.bind(c); err != nil {
			return err
		}
	}
	if e.running {
		if err := e.nameServer(c); err != nil {
			closeAll(fresh)
			return err
		}
	}
	if err := save(e.opt.Dir, c); err != nil {
		closeAll(fresh)
		if e.running {
			err = errors.Join(err, e.nameServer(e.conf))
		}
		return err
	}
	e.conf, e.applied = c, true
	if e.running {
		e.serve(c, fresh)
	}
	e.events.Add(event.Event{At: e.opt.Now(), Kind: event.ConfigApplied, Detail: fmt.Sprintf("version %d", c.Version)})
	return nil
}

// nameServer makes the name server answer by c, or end where c has none.
func (e *Edge) nameServer(c Config) error {
	if c.DNS == nil {
		e.names.Stop()
		return nil
	}
	return e.names.Apply(*c.DNS)
}

// bind opens the listeners that c has and the edge has not; all or none.
func (e *Edge) bind(c Config) (map[doorKey]net.Listener, error) {
	fresh := map[doorKey]net.Listener{}
	open := func(key doorKey, service string) error {
		if e.doors[key] != nil || fresh[key] != nil {
			return nil
		}
		l, err := net.Listen("tcp", key.listen)
		if err != nil {
			return fmt.Errorf("bind listener of service %q on %s: %w; free the address or change it in the configuration", service, key.listen, err)
		}
		fresh[key] = l
		return nil
	}
	var errs []error
	for _, s := range c.HTTP {
		for _, key := range httpKeys(s) {
			errs = append(errs, open(key, s.Name))
		}
	}
	for _, s := range c.TCP {
		errs = append(errs, open(tcpKey(s), s.Name))
	}
	if err := errors.Join(errs...); err != nil {
		closeAll(fresh)
		return nil, err
	}
	return fresh, nil
}

func closeAll(listeners map[doorKey]net.Listener) {
	for _, l := range listeners {
		l.Close()
	}
}

// serve makes services and doors those of c. Nothing in it can fail.
func (e *Edge) serve(c Config, fresh map[doorKey]net.Listener) {
	wanted := map[doorKey]bool{}
	names := map[string]bool{}
	shared := map[doorKey][]*web.Service{}
	e.certs.Use(certificates(c))
	for _, s := range c.HTTP {
		service := e.serveHTTP(s, c)
		names[s.Name] = true
		for _, key := range httpKeys(s) {
			wanted[key] = true
			shared[key] = append(shared[key], service)
		}
	}
	for key, services := range shared {
		e.openHTTP(key, web.NewRouter(where(c), services), fresh[key])
	}
	for _, s := range c.TCP {
		wanted[tcpKey(s)], names[s.Name] = true, true
		e.serveTCP(s, fresh[tcpKey(s)])
	}
	for key, d := range e.doors {
		if !wanted[key] {
			delete(e.doors, key)
			e.leaving.Go(func() { d.close(e.opt.Grace) })
		}
	}
	e.forget(names)
}

func certificates(c Config) (files []cert.Files) {
	if c.TLS == nil {
		return nil
	}
	for _, f := range c.TLS.Certificates {
		files = append(files, cert.Files{Cert: f.CertFile, Key: f.KeyFile})
	}
	return files
}

func where(c Config) web.Where {
	return web.Where{Cells: c.Cells, Header: c.CustomerHeader, Region: c.Region}
}

func (e *Edge) serveHTTP(s HTTPService, c Config) *web.Service {
	service := e.web[s.Name]
	if service == nil {
		service = web.New(s, where(c), web.Deps{Now: e.opt.Now, Rand: e.opt.Rand, Events: e.events.Add, Tally: e.tally, Logger: e.opt.Logger, Descriptors: e.descriptors})
		e.web[s.Name] = service
	} else {
		service.Update(s, where(c))
	}
	return service
}

func (e *Edge) openHTTP(key doorKey, router *web.Router, fresh net.Listener) {
	if fresh != nil {
		l := front.Listener{Listener: accept.Told{Listener: fresh, Failed: e.descriptors.Saw}}
		if key.kind == "https" {
			l.TLS = e.certs.TLS()
		}
		e.doors[key] = newHTTPDoor(l, e.opt.Logger)
	}
	if d, ok := e.doors[key].(*httpDoor); ok {
		d.router.Store(router)
		d.start()
	}
}

func (e *Edge) serveTCP(s TCPService, fresh net.Listener) {
	l := e.relay[s.Name]
	if l == nil {
		l = &line{}
		e.relay[s.Name] = l
	}
	if l.current == nil || !reflect.DeepEqual(l.current.Spec(), s) {
		next := relay.New(s, relay.Deps{Now: e.opt.Now, Rand: e.opt.Rand, Events: e.events.Add, Logger: e.opt.Logger, Descriptors: e.descriptors}, l.current)
		if l.current != nil {
			l.retired = append(l.retired, l.current)
		}
		l.current = next
	}
	if fresh != nil {
		e.doors[tcpKey(s)] = newTCPDoor(fresh, accept.Loop{Log: e.opt.Logger, Failed: e.descriptors.Saw})
	}
	if d, ok := e.doors[tcpKey(s)].(*tcpDoor); ok {
		d.service.Store(l.current)
		d.start()
	}
	for _, old := range l.retired {
		old.Retire() // after the door has turned to the successor
	}
	l.sweep()
}

// sweep forgets predecessors whose last session has ended.
func (l *line) sweep() {
	kept := l.retired[:0]
	for _, old := range l.retired {
		if !old.Closed() {
			kept = append(kept, old)
		}
	}
	l.retired = kept
}

// forget ends the services that are not named any more, after their doors.
func (e *Edge) forget(names map[string]bool) {
	for name, s := range e.web {
		if !names[name] {
			delete(e.web, name)
			e.leaving.Go(s.Close)
		}
	}
	for name, l := range e.relay {
		if !names[name] {
			delete(e.relay, name)
			for _, s := range append(l.retired, l.current) {
				e.leaving.Go(s.Close)
			}
		}
	}
}

// doorKey tells listeners apart: the same address for another kind of traffic
// is another door.
type doorKey struct{ kind, listen, name string }

func httpKey(s config.HTTPService) doorKey  { return key("http", s.Listen, s.Name) }
func httpsKey(s config.HTTPService) doorKey { return key("https", s.ListenTLS, s.Name) }
func tcpKey(s config.TCPService) doorKey    { return key("tcp", s.Listen, s.Name) }

// httpKeys are all doors of an HTTP service.
func httpKeys(s config.HTTPService) []doorKey {
	keys := []doorKey{httpKey(s)}
	if s.ListenTLS != "" {
		keys = append(keys, httpsKey(s))
	}
	return keys
}

// key names a door by its address, so that a service can be renamed without
// closing it; addresses without a port of their own are told apart by name.
func key(kind, listen, name string) doorKey {
	if _, port, err := net.SplitHostPort(listen); err != nil || port != "0" {
		name = ""
	}
	return doorKey{kind, listen, name}
}
