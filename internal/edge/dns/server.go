package dns

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/miekg/dns"
	"golang.org/x/sys/unix"

	"github.com/greenlang/fournines/internal/edge/config"
	"github.com/greenlang/fournines/internal/edge/event"
)

// udpSize is the largest answer over UDP that crosses every network (DNS Flag Day 2020), bytes.
const udpSize = 1232

// Options are what a server needs from outside. All fields are required.
type Options struct {
	Now    func() time.Time
	Rand   func() uint64
	Events func(event.Event)
	Probe  Probe
	Logger *slog.Logger
}

// Server answers questions about one zone. All methods are safe for concurrent use.
type Server struct {
	opt     Options
	zone    atomic.Pointer[zone]
	watches atomic.Pointer[map[string]*watch]
	counts  counts

	mu    sync.Mutex // guards what follows
	conf  config.DNS
	doors map[string][]*dns.Server // by address
}

// counts are totals since the server began.
type counts struct{ queries, refused, broken atomic.Uint64 }

// State is what the server knows: plain JSON data.
type State struct {
	Listen  []string      `json:"listen"`
	Regions []RegionState `json:"regions"`
	Queries uint64        `json:"queries"`
	Refused uint64        `json:"refused"` // asked for another zone
	Broken  uint64        `json:"broken"`  // without exactly one question
}

// RegionState is one region as the answers see it.
type RegionState struct {
	Name  string    `json:"name"`
	Open  bool      `json:"open"`
	Up    bool      `json:"up"`
	Since time.Time `json:"since,omitzero"`
	Error string    `json:"error,omitempty"` // of the last probe
}

// New returns a server that does nothing yet.
func New(o Options) *Server {
	s := &Server{opt: o, doors: map[string][]*dns.Server{}}
	s.watches.Store(&map[string]*watch{})
	return s
}

// Apply makes the server answer by c at once; the sockets that both have stay open. When
// an address cannot be bound nothing changes.
func (s *Server) Apply(c config.DNS) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	fresh := map[string][]*dns.Server{}
	for _, l := range c.Listen {
		if s.doors[l] != nil {
			continue
		}
		d, err := s.open(l)
		if err != nil {
			for _, opened := range fresh {
				shut(opened)
			}
			return fmt.Errorf("bind name server on %s: %w; free the address or change it in the configuration", l, err)
		}
		fresh[l] = d
	}
	s.rewatch(c)
	s.conf = c
	s.zone.Store(newZone(&c, s.up))
	for l, d := range fresh {
		s.doors[l] = d
		for _, x := range d {
			go x.ActivateAndServe() //nolint:errcheck // it ends when it is shut
		}
	}
	for l, d := range s.doors {
		if !slices.Contains(c.Listen, l) {
			shut(d)
			delete(s.doors, l)
		}
	}
	return nil
}

// Stop closes the sockets and ends the probes. A second Stop does nothing.
func (s *Server) Stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for l, d := range s.doors {
		shut(d)
		delete(s.doors, l)
	}
	s.rewatch(config.DNS{})
}

// rewatch probes what c names, and goes on with what is probed already.
func (s *Server) rewatch(c config.DNS) {
	old, next := *s.watches.Load(), map[string]*watch{}
	for _, r := range c.Regions {
		w, ok := old[r.Name]
		switch {
		case r.Probe == "":
		case ok && w.region.Probe == r.Probe && w.region.Path == r.Path:
			next[r.Name] = w
		default:
			next[r.Name] = s.newWatch(r)
		}
	}
	s.watches.Store(&next)
	for name, w := range old {
		if next[name] != w {
			w.stop()
			<-w.done
		}
	}
}

// open binds an address for UDP and TCP, also where another edge of this machine has it:
// the address is an anycast address then, and the kernel sends each client to one of them.
func (s *Server) open(address string) ([]*dns.Server, error) {
	shared := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		var err error
		cerr := c.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1) })
		return errors.Join(err, cerr)
	}}
	udp, err := shared.ListenPacket(context.Background(), "udp", address)
	if err != nil {
		return nil, err
	}
	tcp, err := shared.Listen(context.Background(), "tcp", address)
	if err != nil {
		return nil, errors.Join(err, udp.Close())
	}
	h := dns.HandlerFunc(s.serve)
	return []*dns.Server{{PacketConn: udp, Handler: h, UDPSize: udpSize}, {Listener: tcp, Handler: h}}, nil
}

func shut(doors []*dns.Server) {
	for _, d := range doors {
		if err := d.Shutdown(); err == nil {
			continue
		}
		if d.PacketConn != nil { // it was never activated
			_ = d.PacketConn.Close()
		}
		if d.Listener != nil {
			_ = d.Listener.Close()
		}
	}
}

func (s *Server) serve(w dns.ResponseWriter, q *dns.Msg) {
	m := s.Answer(q, addressOf(w.RemoteAddr()))
	if m == nil {
		return
	}
	size := udpSize
	if _, tcp := w.RemoteAddr().(*net.TCPAddr); tcp {
		size = dns.MaxMsgSize
	} else if o := q.IsEdns0(); o == nil {
		size = dns.MinMsgSize
	} else {
		size = min(size, max(dns.MinMsgSize, int(o.UDPSize())))
	}
	m.Truncate(size)
	_ = w.WriteMsg(m) // a client that is gone cannot be told
}

// Answer returns the reply to a message from an address; nil when it deserves none.
func (s *Server) Answer(q *dns.Msg, from netip.Addr) *dns.Msg {
	z := s.zone.Load()
	if q.Response || z == nil {
		return nil
	}
	s.counts.queries.Add(1)
	m := new(dns.Msg)
	m.SetReply(q)
	switch {
	case q.Opcode != dns.OpcodeQuery:
		m.Rcode = dns.RcodeNotImplemented
		return m
	case len(q.Question) != 1:
		s.counts.broken.Add(1)
		m.Rcode = dns.RcodeFormatError
		return m
	}
	edns, subnet := q.IsEdns0(), (*dns.EDNS0_SUBNET)(nil)
	if edns != nil {
		if edns.Version() != 0 {
			m.SetEdns0(udpSize, false)
			m.Rcode = dns.RcodeBadVers
			return m
		}
		for _, o := range edns.Option {
			if x, ok := o.(*dns.EDNS0_SUBNET); ok {
				subnet = x
			}
		}
	}
	client := from
	if subnet != nil {
		if a, ok := netip.AddrFromSlice(subnet.Address); ok && subnet.SourceNetmask > 0 {
			client = a.Unmap()
		}
	}
	prefix := z.answer(m, q.Question[0], client, s.draw())
	if m.Rcode == dns.RcodeRefused {
		s.counts.refused.Add(1)
	}
	if edns != nil {
		m.SetEdns0(udpSize, false)
		if subnet != nil { // RFC 7871: the answer is right for all of this prefix
			back := *subnet
			back.SourceScope = uint8(max(0, prefix.Bits()))
			m.IsEdns0().Option = append(m.IsEdns0().Option, &back)
		}
	}
	return m
}

func addressOf(a net.Addr) netip.Addr {
	p, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return netip.Addr{}
	}
	return p.Addr().Unmap()
}

// draw returns a number in [0,1).
func (s *Server) draw() float64 { return float64(s.opt.Rand()>>11) / (1 << 53) }

// State returns what the server knows now.
func (s *Server) State() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := State{Listen: s.conf.Listen, Queries: s.counts.queries.Load(), Refused: s.counts.refused.Load(), Broken: s.counts.broken.Load()}
	watches := *s.watches.Load()
	for _, r := range s.conf.Regions {
		x := RegionState{Name: r.Name, Open: r.Open, Up: true}
		if w := watches[r.Name]; w != nil {
			w.mu.Lock()
			x.Up, x.Since = w.health.Up()
			x.Error = w.err
			w.mu.Unlock()
		}
		out.Regions = append(out.Regions, x)
	}
	return out
}
