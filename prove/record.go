package prove

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"
)

// Run is one run of a proof. Durations are in seconds; one that is 0 was not measured.
type Run struct {
	Proof string    `json:"proof"`
	Who   string    `json:"who"`  // ours, or patroni alone
	Kind  string    `json:"kind"` // of fault, noise or crash point
	N     int       `json:"n"`    // from 1
	At    time.Time `json:"at"`

	Gap     float64 `json:"gap_seconds,omitempty"`     // longest time without an acknowledgement, of clients with sessions
	NewGap  float64 `json:"new_gap_seconds,omitempty"` // the same of clients that connect anew each time
	Detect  float64 `json:"detect_seconds,omitempty"`  // from the fault to the begin of the operation that answers it
	Recover float64 `json:"recover_seconds,omitempty"` // from the fault to the end of the longer gap
	Whole   float64 `json:"whole_seconds,omitempty"`   // from the fault until everything was healthy again
	Open    bool    `json:"open,omitempty"`            // nobody took over within the limit: gaps ended because the fault was cleared
	Limit   float64 `json:"limit_seconds,omitempty"`   // how long was waited for it
	CPU     float64 `json:"cpu_percent,omitempty"`     // of one core
	Memory  float64 `json:"memory_mib,omitempty"`      // proportional set size
	Ready   float64 `json:"ready_seconds,omitempty"`   // of `up`
	Verdict string  `json:"verdict,omitempty"`         // of the drill

	Acknowledged int `json:"acknowledged"` // writes
	Failed       int `json:"failed"`       // writes that the client was told of, or gave up
	Lost         int `json:"lost"`         // acknowledged, and not there
	Doubled      int `json:"doubled"`
	Failovers    int `json:"failovers"`
	Violations   int `json:"violations"` // two primaries, or a leader that did not stay

	Live *Live `json:"live,omitempty"` // of the proof that agents live

	Note  string `json:"note,omitempty"`
	Error string `json:"error,omitempty"` // why the run broke off
}

// Live is what a platform does while its agents live. Durations are in seconds, processor
// time in percent of one core over the whole time.
type Live struct {
	Agents    int     `json:"agents"`
	Customers int     `json:"customers"`
	Seconds   float64 `json:"seconds"` // how long they lived

	Reads       int `json:"reads"` // answered
	FailedReads int `json:"failed_reads"`
	WrongReads  int `json:"wrong_reads"` // answered, and the write that was acknowledged before is not there once

	WriteP50 float64 `json:"write_p50_seconds"` // of those that were acknowledged
	WriteP99 float64 `json:"write_p99_seconds"`
	WriteMax float64 `json:"write_max_seconds"`

	// Bounds of the control loop's histogram that so many rounds kept; -1: its last bound is exceeded.
	Rounds int     `json:"rounds"`
	LagP50 float64 `json:"lag_p50_seconds"`
	LagP99 float64 `json:"lag_p99_seconds"`
	LagMax float64 `json:"lag_max_seconds"`

	ServerCPU    float64 `json:"server_cpu_percent"`
	ServerMemory float64 `json:"server_memory_mib"` // largest resident set so far
	EdgeCPU      float64 `json:"edges_cpu_percent"` // of all edges
	AllCPU       float64 `json:"all_cpu_percent"`   // of everything, without those who ask
	Entries      int     `json:"journal_entries"`
}

// LagWithin tells whether the control loop decided, and never later than a bound in seconds.
func (l Live) LagWithin(bound float64) bool {
	return l.Rounds > 0 && l.LagMax >= 0 && l.LagMax <= bound
}

// WorstGap returns the longer of the two gaps, in seconds.
func (r Run) WorstGap() float64 { return max(r.Gap, r.NewGap) }

// Record is the file of one invocation of a proof: one JSON object a line.
type Record struct {
	Path string
	file *os.File
}

// NewRecord begins a file in dir; its name sorts by time.
func NewRecord(dir, proof string, now time.Time) (*Record, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("make directory of measurements: %w", err)
	}
	path := filepath.Join(dir, proof+"-"+now.UTC().Format("20060102T150405Z")+".ndjson")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600) //nolint:gosec // the caller's directory
	if err != nil {
		return nil, fmt.Errorf("begin record of %s: %w", proof, err)
	}
	return &Record{Path: path, file: f}, nil
}

// Add keeps one run.
func (r *Record) Add(run Run) error {
	b, err := json.Marshal(run)
	if err != nil {
		return fmt.Errorf("encode run: %w", err)
	}
	if _, err := r.file.Write(append(b, '\n')); err != nil {
		return fmt.Errorf("keep run in %s: %w", r.Path, err)
	}
	return nil
}

// Close ends the file.
func (r *Record) Close() error { return r.file.Close() }

// ReadRuns reads the runs of one file.
func ReadRuns(path string) ([]Run, error) {
	f, err := os.Open(path) //nolint:gosec // the caller's file
	if err != nil {
		return nil, fmt.Errorf("read runs: %w", err)
	}
	defer f.Close() //nolint:errcheck // only read
	var out []Run
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20) // errors tell much
	for n := 1; lines.Scan(); n++ {
		var run Run
		if err := json.Unmarshal(lines.Bytes(), &run); err != nil {
			return nil, fmt.Errorf("read runs: %s line %d: %w", path, n, err)
		}
		out = append(out, run)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read runs: %s: %w", path, err)
	}
	return out, nil
}

// Newest returns the path of the newest file of each proof in dir, the proofs in order.
func Newest(dir string) ([]string, error) {
	all, err := filepath.Glob(filepath.Join(dir, "*.ndjson"))
	if err != nil {
		return nil, fmt.Errorf("list measurements in %s: %w", dir, err)
	}
	sort.Strings(all)
	newest := map[string]string{}
	for _, path := range all {
		name := filepath.Base(path)
		newest[name[:strings.LastIndexByte(name, '-')+1]] = path // later names overwrite
	}
	var out []string
	for _, path := range newest {
		out = append(out, path)
	}
	sort.Strings(out)
	return out, nil
}
