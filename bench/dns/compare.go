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

// Figures are one server's, over all rounds.
type Figures struct {
	Server string `json:"server"`
	// CPU is the CPU time of the server process per answered query, per round.
	CPU  []float64 `json:"cpu_us_per_query"`
	Rate []float64 `json:"queries_per_second"`
	Lost int64     `json:"lost"`
}

// Result is the whole run.
type Result struct {
	Command string     `json:"command"`
	When    time.Time  `json:"when"`
	Go      string     `json:"go"`
	CPUs    int        `json:"cpus"`
	Load    string     `json:"load_average_before"`
	Servers []*Figures `json:"servers"`
	Ratio   float64    `json:"cpu_ratio,omitempty"` // of the medians, ours to CoreDNS's
}

func compare(o options) error {
	dir, err := os.MkdirTemp("", "bench-dns")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	busy, _ := os.ReadFile("/proc/loadavg") // only told
	result := Result{
		Command: fmt.Sprintf("cd bench && go run ./dns -rounds %d -queries %d -clients %d -window %d", o.rounds, o.queries, o.clients, o.window),
		When:    time.Now().UTC(), Go: runtime.Version(), CPUs: runtime.NumCPU(), Load: string(busy),
	}
	servers, err := start(o, dir)
	for _, s := range servers {
		defer s.Stop()
		result.Servers = append(result.Servers, &Figures{Server: s.name})
	}
	if err != nil {
		return err
	}
	for round := range o.rounds {
		for i := range servers {
			at := (i + round) % len(servers) // nobody is always first
			if err := measure(o, servers[at], result.Servers[at]); err != nil {
				return fmt.Errorf("measure %s in round %d: %w", servers[at].name, round+1, err)
			}
		}
	}
	return result.print(o.json)
}

func start(o options, dir string) ([]*server, error) {
	ours, err := spawnOurs()
	if err != nil {
		return nil, err
	}
	if _, err := exec.LookPath(o.coredns); err != nil {
		fmt.Fprintf(os.Stderr, "\n*** CoreDNS is NOT measured: %v.\n*** Build it with: GOBIN=$PWD go install github.com/coredns/coredns@v1.14.7; then -coredns ./coredns\n\n", err)
		return []*server{ours}, nil
	}
	peer, err := spawnCoreDNS(o.coredns, dir)
	if err != nil {
		return []*server{ours}, fmt.Errorf("start CoreDNS: %w", err)
	}
	return []*server{ours, peer}, nil
}

// measure adds one round's figures. The first queries only warm up.
func measure(o options, s *server, f *Figures) error {
	if _, err := load(s.address, o, max(o.queries/20, o.clients)); err != nil {
		return err
	}
	before, err := s.CPU()
	if err != nil {
		return err
	}
	began := time.Now()
	c, err := load(s.address, o, o.queries)
	if err != nil {
		return err
	}
	took := time.Since(began)
	after, err := s.CPU()
	if err != nil {
		return err
	}
	answered := float64(c.answered.Load())
	f.CPU = append(f.CPU, float64(after-before)/float64(time.Microsecond)/answered)
	f.Rate = append(f.Rate, answered/took.Seconds())
	f.Lost += c.lost.Load()
	return nil
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

func (r *Result) print(path string) error {
	fmt.Printf("%-10s %12s %12s %8s   %s\n", "server", "CPU us/query", "queries/s", "lost", "CPU us/query by round")
	for _, f := range r.Servers {
		fmt.Printf("%-10s %12.1f %12.0f %8d   %.1f\n", f.Server, median(f.CPU), median(f.Rate), f.Lost, f.CPU)
	}
	if len(r.Servers) == 2 {
		r.Ratio = median(r.Servers[0].CPU) / median(r.Servers[1].CPU)
		fmt.Printf("ours/coredns %.2f\n", r.Ratio)
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
