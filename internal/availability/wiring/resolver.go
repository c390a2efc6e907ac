package wiring

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// resolver dials names through the platform's own DNS and believes an answer for its time
// to live, as customers' resolvers do.
type resolver struct {
	dns *net.Resolver
	ttl time.Duration

	mu      sync.Mutex // guards what follows
	answers map[string]answer
}

type answer struct {
	addresses []string
	until     time.Time
}

func newResolver(server string, ttl time.Duration) *resolver {
	var d net.Dialer
	return &resolver{ttl: ttl, answers: map[string]answer{}, dns: &net.Resolver{
		PreferGo: true,
		Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return d.DialContext(ctx, network, server)
		},
	}}
}

// Dial connects to the name's first address that accepts.
func (r *resolver) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	addresses, err := r.lookup(ctx, host)
	if err != nil {
		return nil, err
	}
	d := net.Dialer{Timeout: 2 * time.Second}
	var errs []error
	for _, a := range addresses {
		conn, err := d.DialContext(ctx, network, net.JoinHostPort(a, port))
		if err == nil {
			return conn, nil
		}
		errs = append(errs, err)
	}
	return nil, errors.Join(errs...)
}

func (r *resolver) lookup(ctx context.Context, host string) ([]string, error) {
	r.mu.Lock()
	known, ok := r.answers[host]
	r.mu.Unlock()
	if ok && time.Now().Before(known.until) {
		return known.addresses, nil
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	addresses, err := r.dns.LookupHost(ctx, host+".")
	if err != nil {
		return nil, fmt.Errorf("ask the platform's DNS for %s: %w", host, err)
	}
	r.mu.Lock()
	r.answers[host] = answer{addresses, time.Now().Add(r.ttl)}
	r.mu.Unlock()
	return addresses, nil
}
