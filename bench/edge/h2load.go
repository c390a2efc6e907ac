package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// h2load is nghttp2's load generator, which costs much less than a Go client.
type h2load struct{ path, libraries string }

func (h h2load) load(address string, w work) ([]time.Duration, error) {
	dir, err := os.MkdirTemp("", "bench-edge")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	args := []string{"-n", strconv.Itoa(w.requests), "-c", strconv.Itoa(w.clients), "-m", strconv.Itoa(w.streams), "-H", "x-customer: customer-00042", "-H", "accept: application/json"}
	if w.field != "" {
		args = append(args, "-H", w.field)
	}
	if !w.mode.two() {
		args = append(args, "--h1")
	}
	scheme := "http"
	if w.mode.secure() {
		scheme = "https"
	}
	log := filepath.Join(dir, "log")
	if w.clients == 1 {
		args = append(args, "--log-file", log)
	}
	cmd := exec.Command(h.path, append(args, scheme+"://"+address+path)...)
	cmd.Env = withLibraries(h.libraries)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("run h2load: %w: %s", err, out)
	}
	if want := fmt.Sprintf("%d succeeded, 0 failed, 0 errored", w.requests); !bytes.Contains(out, []byte(want)) {
		return nil, fmt.Errorf("run h2load: %q is not in its output: %s", want, out)
	}
	if w.clients > 1 {
		return nil, nil
	}
	return latencies(log)
}

// latencies reads h2load's log: begin in µs, status, duration in µs.
func latencies(log string) (took []time.Duration, err error) {
	b, err := os.ReadFile(log)
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		if len(f) != 3 || f[1] != "200" {
			return nil, fmt.Errorf("read h2load's log: %q", line)
		}
		us, err := strconv.Atoi(f[2])
		if err != nil {
			return nil, err
		}
		took = append(took, time.Duration(us)*time.Microsecond)
	}
	slices.Sort(took)
	return took, nil
}

func withLibraries(path string) []string {
	if path == "" {
		return os.Environ()
	}
	return append(os.Environ(), "LD_LIBRARY_PATH="+path)
}
