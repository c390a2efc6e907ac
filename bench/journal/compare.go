package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	"golang.org/x/mod/sumdb/note"
)

var names = []string{"fournines", "tessera-256", "tessera-512"}

// compare lets the logs take turns, and prints the median of each figure.
func compare(o options) error {
	all := map[string][]result{}
	for round := range o.rounds {
		for _, name := range names {
			r, err := once(name, o, round == 0 && name == "fournines")
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			all[name] = append(all[name], r)
			fmt.Fprintf(os.Stderr, "round %d: %s %.0f events/s\n", round+1, name, r.PerSecond)
		}
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "log\tevents/s\tratio\tCPU µs/event\tcores\tack p50 ms\tack p99 ms\tack max ms\tproofs/s\tall signed s\t")
	var out []result
	for _, name := range names {
		m := medians(name, all[name])
		out = append(out, m)
		fmt.Fprintf(w, "%s\t%.0f\t%.2f\t%.1f\t%.2f\t%.1f\t%.1f\t%.1f\t%.0f\t%.2f\t\n", m.Log, m.PerSecond, out[0].PerSecond/m.PerSecond, m.MicrosPerOne, m.Cores, m.P50, m.P99, m.Max, m.ProofsPerSec, m.SecondsToSign)
	}
	if err := w.Flush(); err != nil || o.json == "" {
		return err
	}
	b, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(o.json, append(b, '\n'), 0o600)
}

func medians(name string, rs []result) result {
	median := func(of func(result) float64) float64 {
		v := make([]float64, len(rs))
		for i, r := range rs {
			v[i] = of(r)
		}
		slices.Sort(v)
		return v[len(v)/2]
	}
	return result{
		Log: name, Events: rs[len(rs)/2].Events,
		PerSecond: median(func(r result) float64 { return r.PerSecond }), MicrosPerOne: median(func(r result) float64 { return r.MicrosPerOne }),
		Cores: median(func(r result) float64 { return r.Cores }), P50: median(func(r result) float64 { return r.P50 }),
		P99: median(func(r result) float64 { return r.P99 }), Max: median(func(r result) float64 { return r.Max }),
		ProofsPerSec: median(func(r result) float64 { return r.ProofsPerSec }), SecondsToSign: median(func(r result) float64 { return r.SecondsToSign }),
	}
}

// once runs one log in a process of its own, in a new directory.
func once(name string, o options, check bool) (result, error) {
	dir, err := os.MkdirTemp(o.dir, "bench-journal-")
	if err != nil {
		return result{}, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // only room
	self, err := os.Executable()
	if err != nil {
		return result{}, err
	}
	cmd := exec.Command(self, "-role", name, "-dir", dir, "-for", o.length.String(), fmt.Sprintf("-producers=%d", o.producers), fmt.Sprintf("-proofs=%d", o.proofs))
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return result{}, fmt.Errorf("%w: %s", err, stderr.String())
	}
	var r result
	if err := json.Unmarshal(stdout.Bytes(), &r); err != nil {
		return r, err
	}
	if check {
		return r, referee(dir)
	}
	return r, nil
}

// referee lets Tessera's fsck judge the directory that our log wrote.
func referee(dir string) error {
	key, err := os.ReadFile(filepath.Join(dir, "key.pub"))
	if err != nil {
		return err
	}
	v, err := note.NewVerifier(strings.TrimSpace(string(key)))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	f := fsck.New(v.Name(), v, client.FileFetcher{Root: dir}, leaves, fsck.Opts{N: 1})
	if err := f.Check(ctx); err != nil {
		return errors.Join(errors.New("tessera's fsck refuses our directory"), err)
	}
	fmt.Fprintln(os.Stderr, "tessera's fsck accepts our directory")
	return nil
}

func leaves(bundle []byte) ([][]byte, error) {
	var b api.EntryBundle
	if err := b.UnmarshalText(bundle); err != nil {
		return nil, err
	}
	out := make([][]byte, 0, len(b.Entries))
	for _, e := range b.Entries {
		out = append(out, rfc6962.DefaultHasher.HashLeaf(e))
	}
	return out, nil
}
