package outside

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/miekg/dns"
)

// resolver asks authoritative name servers as the resolver of a customer does: with the
// customer's network, one server after another, and an answer counts for its time to live.
type resolver struct {
	servers []string
	network netip.Prefix // zero: none is told
	timeout time.Duration

	mu      sync.Mutex // guards what follows
	answers map[string]answer
	next    int // server that is asked first
}

type answer struct {
	addresses []string
	until     time.Time
}

// lookup returns the addresses of a name.
func (r *resolver) lookup(ctx context.Context, name string, now time.Time) ([]string, error) {
	r.mu.Lock()
	known, first := r.answers[name], r.next
	r.mu.Unlock()
	if now.Before(known.until) {
		return known.addresses, nil
	}
	var errs []error
	for i := range r.servers {
		at := (first + i) % len(r.servers)
		a, ttl, err := r.ask(ctx, r.servers[at], name)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", r.servers[at], err))
			if ctx.Err() != nil {
				break
			}
			continue
		}
		r.mu.Lock()
		if r.answers == nil {
			r.answers = map[string]answer{}
		}
		r.answers[name], r.next = answer{a, now.Add(ttl)}, at // one that answers is asked again
		r.mu.Unlock()
		return a, nil
	}
	return nil, errors.Join(errs...)
}

func (r *resolver) ask(ctx context.Context, server, name string) ([]string, time.Duration, error) {
	q := new(dns.Msg)
	q.SetQuestion(dns.Fqdn(name), dns.TypeA)
	q.RecursionDesired = false
	q.SetEdns0(1232, false)
	if r.network.IsValid() {
		q.IsEdns0().Option = append(q.IsEdns0().Option, subnet(r.network))
	}
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	reply, err := exchange(ctx, "udp", server, q)
	if err == nil && reply.Truncated { // the server wants to know that we are who we say
		reply, err = exchange(ctx, "tcp", server, q)
	}
	if err != nil {
		return nil, 0, err
	}
	if reply.Rcode != dns.RcodeSuccess {
		return nil, 0, fmt.Errorf("answers %s", dns.RcodeToString[reply.Rcode])
	}
	var out []string
	ttl := uint32(0)
	for _, rr := range reply.Answer {
		if a, ok := rr.(*dns.A); ok {
			out, ttl = append(out, a.A.String()), a.Hdr.Ttl
		}
	}
	if len(out) == 0 {
		return nil, 0, errors.New("answers without an address")
	}
	return out, time.Duration(ttl) * time.Second, nil
}

// exchange asks once. The library's own deadline is not that of a context that is cancelled.
func exchange(ctx context.Context, network, server string, q *dns.Msg) (*dns.Msg, error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, network, server)
	if err != nil {
		return nil, err
	}
	conn := &dns.Conn{Conn: c, UDPSize: 1232}
	defer conn.Close() //nolint:errcheck // all was read
	if until, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(until); err != nil {
			return nil, err
		}
	}
	if err := conn.WriteMsg(q); err != nil {
		return nil, err
	}
	for {
		reply, err := conn.ReadMsg()
		if err != nil {
			return nil, err
		}
		if reply.Id == q.Id && reply.Response { // a late answer to an earlier question is not ours
			return reply, nil
		}
	}
}

func subnet(n netip.Prefix) *dns.EDNS0_SUBNET {
	s := &dns.EDNS0_SUBNET{Code: dns.EDNS0SUBNET, Family: 1, SourceNetmask: uint8(n.Bits()), Address: net.IP(n.Masked().Addr().AsSlice())} //nolint:gosec // at most 128
	if n.Addr().Is6() {
		s.Family = 2
	}
	return s
}
