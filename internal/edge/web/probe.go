package web

import (
	"context"
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
			err := Probe(ctx, t.address, *t.healthPath.Load(), p.probeTimeout)
			if ctx.Err() != nil {
				return
			}
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

// ProbeAgent is who probes say they are.
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
	request.Close = true
	request.Header.Set("User-Agent", ProbeAgent)
	transport := &http.Transport{DisableKeepAlives: true}
	answer, err := transport.RoundTrip(request)
	if err != nil {
		return fmt.Errorf("probe %s%s: %w", address, path, err)
	}
	defer answer.Body.Close()
	if _, err := io.CopyN(io.Discard, answer.Body, 64<<10); err != nil && err != io.EOF {
		return fmt.Errorf("probe %s%s: read body: %w", address, path, err)
	}
	if answer.StatusCode < 200 || answer.StatusCode > 399 {
		return fmt.Errorf("probe %s%s: status %d, want 200-399", address, path, answer.StatusCode)
	}
	return nil
}
