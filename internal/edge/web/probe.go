package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// watch starts the prober of a target. Each target has its own, so that one
// that hangs delays no other.
func (s *Service) watch(t *target, p policy) {
	ctx, cancel := context.WithCancel(context.Background())
	t.stop = cancel
	go func() {
		defer close(t.done)
		timer := time.NewTimer(t.health.First(s.draw()))
		defer timer.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-timer.C:
			case <-t.kick:
			}
			err := t.probe(ctx, p.probeTimeout)
			if ctx.Err() != nil {
				return
			}
			s.deps.Descriptors.Saw(err)
			t.observe(&p, err, s.deps.Now())
			t.mu.Lock()
			wait := t.health.Next(s.draw())
			t.mu.Unlock()
			timer.Reset(wait)
		}
	}()
}

// draw returns a number in [0,1).
func (s *Service) draw() float64 { return float64(s.deps.Rand()>>11) / (1 << 53) }

// probe asks the target once. Of another region's edge only the way to it is asked for: a
// request that waits there, for a leader or for a home that moves, is not lost.
func (t *target) probe(ctx context.Context, timeout time.Duration) error {
	if t.remote != "" {
		return Reach(ctx, t.address, timeout)
	}
	return Probe(ctx, t.address, *t.healthPath.Load(), timeout)
}

// ProbeAgent is the User-Agent of probes.
const ProbeAgent = "fournines-edge-probe"

// Probe asks one target over a new connection, because a process that no
// longer accepts may still answer on an old one.
func Probe(ctx context.Context, address, path string, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if path == "" {
		var d net.Dialer
		conn, err := d.DialContext(ctx, "tcp", address)
		if err != nil {
			return fmt.Errorf("probe %s: %w", address, err)
		}
		return conn.Close()
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+path, nil)
	if err != nil {
		return fmt.Errorf("probe %s%s: %w", address, path, err)
	}
	status, err := roundTrip(request)
	if err != nil {
		return fmt.Errorf("probe %s%s: %w", address, path, err)
	}
	if status < 200 || status > 399 {
		return fmt.Errorf("probe %s%s: status %d, want 200-399", address, path, status)
	}
	return nil
}

// Reach asks over a new connection whether the HTTP server at an address answers at all,
// with any status: "OPTIONS *" is the ping of HTTP (RFC 9110, section 9.3.7), which an edge
// answers by itself, and sends to nobody behind it.
func Reach(ctx context.Context, address string, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodOptions, "http://"+address, nil)
	if err != nil {
		return fmt.Errorf("reach %s: %w", address, err)
	}
	request.URL.Opaque = "*"
	if _, err := roundTrip(request); err != nil {
		return fmt.Errorf("reach %s: %w", address, err)
	}
	return nil
}

// roundTrip sends a probe over a connection of its own and reads the whole answer.
func roundTrip(request *http.Request) (status int, err error) {
	request.Close = true
	request.Header.Set("User-Agent", ProbeAgent)
	transport := &http.Transport{DisableKeepAlives: true}
	answer, err := transport.RoundTrip(request)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	if _, err := io.CopyN(io.Discard, answer.Body, 64<<10); err != nil && !errors.Is(err, io.EOF) {
		return 0, fmt.Errorf("read body: %w", err)
	}
	return answer.StatusCode, nil
}
