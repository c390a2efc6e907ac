package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"time"
)

// Figures are one proxy's, over all rounds.
type Figures struct {
	Proxy string `json:"proxy"`
	// CPU is the CPU time of the proxy process per request, per round.
	CPU []float64 `json:"cpu_us_per_request"`
	// Median is the latency of one client alone, per round.
	Median []float64 `json:"p50_us_one_client"`
	Rate   []float64 `json:"requests_per_second"`
}

// Result is the whole run.
type Result struct {
	Command  string             `json:"command"`
	When     time.Time          `json:"when"`
	Go       string             `json:"go"`
	CPUs     int                `json:"cpus"`
	Requests int                `json:"requests_per_round"`
	Clients  int                `json:"clients"`
	Proxies  []*Figures         `json:"proxies"`
	Ratios   map[string]float64 `json:"ratios"` // of the CPU medians
	Missing  []string           `json:"missing,omitempty"`
}

func compare(o options) error {
	dir, err := os.MkdirTemp("", "bench-edge")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	upstream, err := spawn("upstream", "-role", "upstream")
	if err != nil {
		return err
	}
	defer upstream.stop()
	result := Result{
		Command: fmt.Sprintf("cd bench && go run ./edge -rounds %d -requests %d -clients %d", o.rounds, o.requests, o.clients),
		When:    time.Now().UTC(), Go: runtime.Version(), CPUs: runtime.NumCPU(), Requests: o.requests, Clients: o.clients,
		Ratios: map[string]float64{},
	}
	proxies, missing, err := start(o, dir, upstream.address)
	for _, p := range proxies {
		defer p.stop()
	}
	if err != nil {
		return err
	}
	result.Missing = missing
	for _, p := range proxies {
		result.Proxies = append(result.Proxies, &Figures{Proxy: p.name})
	}
	for round := range o.rounds {
		for i := range proxies {
			at := (i + round) % len(proxies) // nobody is always first
			if err := measure(o, proxies[at], result.Proxies[at]); err != nil {
				return fmt.Errorf("measure %s in round %d: %w", proxies[at].name, round+1, err)
			}
		}
	}
	return result.print(o.json)
}

func start(o options, dir, upstream string) (proxies []*proxy, missing []string, err error) {
	for _, role := range []string{"edge", "httputil"} {
		p, err := spawn(role, "-role", role, "-upstream", upstream)
		if err != nil {
			return proxies, nil, err
		}
		proxies = append(proxies, p)
	}
	if _, err := exec.LookPath(o.haproxy); err != nil {
		fmt.Fprintf(os.Stderr, "\n*** HAProxy is NOT measured: %v.\n*** Get it with: apt-get download haproxy liblua5.3-0 libopentracing1 libopentracing-c-wrapper0 && for f in *.deb; do dpkg -x $f there; done; then -haproxy there/usr/sbin/haproxy -libraries there/usr/lib/x86_64-linux-gnu\n\n", err)
		return proxies, []string{"haproxy"}, nil
	}
	p, err := spawnHAProxy(o, dir, upstream)
	if err != nil {
		return proxies, nil, fmt.Errorf("start haproxy: %w", err)
	}
	return append(proxies, p), nil, nil
}

// measure adds one round's figures. The first requests only warm up.
func measure(o options, p *proxy, f *Figures) error {
	if _, err := load(p.address, o.clients, max(o.requests/20, o.clients)); err != nil {
		return err
	}
	before, err := p.cpu()
	if err != nil {
		return err
	}
	began := time.Now()
	if _, err := load(p.address, o.clients, o.requests); err != nil {
		return err
	}
	took := time.Since(began)
	after, err := p.cpu()
	if err != nil {
		return err
	}
	alone, err := load(p.address, 1, o.single)
	if err != nil {
		return err
	}
	f.CPU = append(f.CPU, micros(after-before)/float64(o.requests))
	f.Rate = append(f.Rate, float64(o.requests)/took.Seconds())
	f.Median = append(f.Median, micros(alone[len(alone)/2]))
	return nil
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

func (r *Result) print(path string) error {
	fmt.Printf("%-10s %14s %16s %12s   %s\n", "proxy", "CPU us/req", "p50 us, c=1", "req/s", "CPU us/req by round")
	for _, f := range r.Proxies {
		fmt.Printf("%-10s %14.1f %16.0f %12.0f   %.1f\n", f.Proxy, median(f.CPU), median(f.Median), median(f.Rate), f.CPU)
		if f != r.Proxies[0] {
			r.Ratios["edge/"+f.Proxy] = median(r.Proxies[0].CPU) / median(f.CPU)
		}
	}
	for name, ratio := range r.Ratios {
		fmt.Printf("%-20s %.2f\n", name, ratio)
	}
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	fmt.Println(string(data))
	if path == "" {
		return nil
	}
	return os.WriteFile(path, append(data, '\n'), 0o644)
}
