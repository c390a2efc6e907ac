//go:build prove

package prove

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/driver/process"
)

const idleFor = 30 * time.Second

// TestFootprint measures how long `up` takes, first and again, and what the whole
// region costs while nobody asks anything of it.
func TestFootprint(t *testing.T) {
	k := keep(t, "footprint")
	r := prepared(t, ours)
	for n := range 3 {
		t.Run(strconv.Itoa(n+1), func(t *testing.T) {
			r := r.in(t)
			t.Cleanup(r.Down)
			began := time.Now()
			r.Up()
			run := Run{Who: ours, Kind: "first start", N: n + 1, At: began.UTC(), Ready: time.Since(began).Seconds()}
			if n > 0 {
				run.Kind = "later start"
			}
			r.enter()
			if err := r.idle(&run); err != nil {
				t.Fatal(err)
			}
			t.Logf("ready in %.1f s, idle %.1f %% of one core, %.0f MiB", run.Ready, run.CPU, run.Memory)
			k.add(run)
			if run.Ready > 60 {
				t.Errorf("ready after %.1f s, the floor is 60 s", run.Ready)
			}
		})
	}
}

// idle measures for a while: everything that works below the data directory, and `up`.
func (r *region) idle(run *Run) error {
	before, err := r.cpu()
	if err != nil {
		return err
	}
	began := time.Now()
	if err := until(r.t.Context(), began.Add(idleFor)); err != nil {
		return err
	}
	after, err := r.cpu()
	if err != nil {
		return err
	}
	run.CPU = (after - before) / time.Since(began).Seconds() * 100
	run.Memory, err = r.memory()
	return err
}

// master returns the process of `up` itself.
func (r *region) master() (process.Process, error) {
	b, err := os.ReadFile(filepath.Join(r.Root, "up.json"))
	if err != nil {
		return process.Process{}, fmt.Errorf("find the process of up: %w", err)
	}
	var up struct{ PID int }
	if err := json.Unmarshal(b, &up); err != nil {
		return process.Process{}, fmt.Errorf("find the process of up: %w", err)
	}
	return process.Find(up.PID)
}

func (r *region) everybody() ([]process.Process, error) {
	all, err := process.Members(r.Root)
	if err != nil {
		return nil, err
	}
	up, err := r.master()
	if slices.Contains(all, up) {
		return all, err
	}
	return append(all, up), err
}

// cpu returns the processor time that everybody has used, in seconds.
func (r *region) cpu() (float64, error) {
	all, err := r.everybody()
	if err != nil {
		return 0, err
	}
	return cpuOf(all...)
}

// cpuOf returns the processor time that processes have used, in seconds.
func cpuOf(all ...process.Process) (float64, error) {
	ticks := 0.0
	for _, p := range all {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.PID))
		if err != nil {
			continue // it ended
		}
		f := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
		for _, s := range f[11:15] { // user, system, and those of children that ended
			n, err := strconv.ParseFloat(s, 64)
			if err != nil {
				return 0, fmt.Errorf("read processor time of pid %d: %w", p.PID, err)
			}
			ticks += n
		}
	}
	return ticks / 100, nil // USER_HZ
}

// memory returns the proportional set size of everybody, in MiB: what is shared counts once.
func (r *region) memory() (float64, error) {
	all, err := r.everybody()
	if err != nil {
		return 0, err
	}
	return memoryOf(all...)
}

// memoryOf returns the proportional set size of processes, in MiB.
func memoryOf(all ...process.Process) (float64, error) {
	kib := 0.0
	for _, p := range all {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", p.PID))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return 0, fmt.Errorf("read memory of pid %d, which needs its user or root: %w", p.PID, err)
		}
		_, rest, ok := strings.Cut(string(b), "\nPss:")
		if !ok {
			continue // a process that is ending has no memory
		}
		n, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
		if err != nil {
			return 0, fmt.Errorf("read memory of pid %d: %w", p.PID, err)
		}
		kib += n
	}
	return kib / 1024, nil
}
