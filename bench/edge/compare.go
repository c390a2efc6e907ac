package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"
)

// Figures are one proxy's in one mode, over all rounds.
type Figures struct {
	Mode  mode   `json:"mode"`
	Proxy string `json:"proxy"`
	// CPU is the CPU time of the proxy per request, per round.
	CPU []float64 `json:"cpu_us_per_request"`
	// Median is the latency of one client alone, per round.
	Median []float64 `json:"p50_us_one_client"`
	Rate   []float64 `json:"requests_per_second"`
	// P99 is the latency of all clients together, per round, where the loader tells it.
	P99 []float64 `json:"p99_us_under_load,omitempty"`
}

// Result is the whole run.
type Result struct {
	Command  string             `json:"command"`
	When     time.Time          `json:"when"`
	Go       string             `json:"go"`
	CPUs     int                `json:"cpus"`
	Load     string             `json:"load_average"` // before the run and after it
	Loader   string             `json:"loader"`
	Requests int                `json:"requests_per_round"`
	Clients  int                `json:"clients"`  // of HTTP/1.1
	Clients2 int                `json:"clients2"` // of HTTP/2
	Streams  int                `json:"streams"`  // at once on each of them
	Direct   []float64          `json:"p50_us_without_proxy"`
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
	pem, err := certificate(dir)
	if err != nil {
		return err
	}
	upstream, err := spawn("upstream", "-role", "upstream")
	if err != nil {
		return err
	}
	defer upstream.Stop()
	var by loader = h2load{o.h2load, o.libraries}
	result := Result{
		Command: fmt.Sprintf("cd bench && go run ./edge%s -rounds %d -requests %d -clients %d -clients2 %d -streams %d", map[bool]string{true: " -hop"}[o.hop], o.rounds, o.requests, o.clients, o.clients2, o.streams),
		When:    time.Now().UTC(), Go: runtime.Version(), CPUs: runtime.NumCPU(), Requests: o.requests, Clients: o.clients, Clients2: o.clients2, Streams: o.streams,
		Ratios: map[string]float64{}, Loader: "h2load", Load: loadAverage(),
	}
	if _, err := exec.LookPath(o.h2load); err != nil {
		by, result.Loader = own{}, "own"
	}
	proxies, missing, err := start(o, dir, pem, upstream.address[h1])
	for _, p := range proxies {
		defer p.Stop()
	}
	if err != nil {
		return err
	}
	result.Missing = missing
	for _, m := range o.modes {
		for _, p := range proxies {
			result.Proxies = append(result.Proxies, &Figures{Mode: m, Proxy: p.name})
		}
	}
	for round := range o.rounds {
		alone, err := by.load(upstream.address[h1], work{mode: h1, clients: 1, streams: 1, requests: o.single})
		if err != nil {
			return fmt.Errorf("measure the upstream alone: %w", err)
		}
		result.Direct = append(result.Direct, micros(alone[len(alone)/2]))
		for n, m := range o.modes {
			for i := range proxies {
				at := (i + round) % len(proxies) // nobody is always first
				if err := measure(o, by, m, proxies[at], result.Proxies[n*len(proxies)+at]); err != nil {
					return fmt.Errorf("measure %s with %s in round %d: %w", proxies[at].name, m, round+1, err)
				}
			}
		}
	}
	result.Load += "; " + loadAverage()
	return result.print(o.json)
}

func loadAverage() string {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Join(strings.Fields(string(b))[:3], " ")
}

func start(o options, dir, pem, upstream string) (proxies []*proxy, missing []string, err error) {
	if o.hop {
		proxies, err = startHop(pem, upstream)
		return proxies, nil, err
	}
	for _, role := range []string{"edge", "httputil"} {
		p, err := spawn(role, "-role", role, "-upstream", upstream, "-pem", pem)
		if err != nil {
			return proxies, nil, err
		}
		proxies = append(proxies, p)
	}
	for _, peer := range peers(o) {
		if _, err := exec.LookPath(peer.path); err != nil {
			fmt.Fprintf(os.Stderr, "\n*** %s is NOT measured: %v. See `go doc ./edge` for how to get it.\n\n", peer.name, err)
			missing = append(missing, peer.name)
			continue
		}
		p, err := peer.start(o, dir, pem, upstream)
		if err != nil {
			return proxies, nil, fmt.Errorf("start %s: %w", peer.name, err)
		}
		proxies = append(proxies, p)
	}
	return proxies, missing, nil
}

// measure adds one round's figures. The first requests only warm up.
func measure(o options, by loader, m mode, p *proxy, f *Figures) error {
	w := work{m, o.clients, 1, o.requests, p.field}
	if m.two() {
		w.clients, w.streams = o.clients2, o.streams
	}
	warm := w
	warm.requests = max(o.requests/20, w.clients*w.streams)
	if _, err := by.load(p.address[m], warm); err != nil {
		return err
	}
	before, err := p.CPU()
	if err != nil {
		return err
	}
	began := time.Now()
	all, err := by.load(p.address[m], w)
	if err != nil {
		return err
	}
	took := time.Since(began)
	after, err := p.CPU()
	if err != nil {
		return err
	}
	alone, err := by.load(p.address[m], work{m, 1, 1, o.single, p.field})
	if err != nil {
		return err
	}
	f.CPU = append(f.CPU, micros(after-before)/float64(o.requests))
	f.Rate = append(f.Rate, float64(o.requests)/took.Seconds())
	if len(all) > 0 {
		f.P99 = append(f.P99, micros(all[len(all)*99/100]))
	}
	f.Median = append(f.Median, micros(alone[len(alone)/2]))
	return nil
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

func (r *Result) print(path string) error {
	fmt.Printf("%-8s %-10s %12s %14s %10s %10s %10s   %s\n", "mode", "proxy", "CPU us/req", "p50 us, c=1", "added us", "req/s", "p99 us", "CPU us/req by round")
	edge, bare := map[mode]float64{}, map[mode]float64{}
	for _, f := range r.Proxies {
		fmt.Printf("%-8s %-10s %12.1f %14.0f %10.0f %10.0f %10.0f   %.1f\n", f.Mode, f.Proxy, median(f.CPU), median(f.Median), median(f.Median)-median(r.Direct), median(f.Rate), median(f.P99), f.CPU)
		if f.Proxy == "edge" {
			edge[f.Mode] = median(f.CPU)
			continue
		}
		if f.Proxy == "hop" {
			bare[f.Mode] = median(f.CPU)
		}
		if f.Proxy == "transport" {
			r.Ratios[string(f.Mode)+" hop/transport"] = bare[f.Mode] / median(f.CPU)
		}
		r.Ratios[string(f.Mode)+" edge/"+f.Proxy] = edge[f.Mode] / median(f.CPU)
	}
	for _, name := range slices.Sorted(maps.Keys(r.Ratios)) {
		fmt.Printf("%-24s %.2f\n", name, r.Ratios[name])
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
