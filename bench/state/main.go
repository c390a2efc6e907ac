// Command state measures what the past costs the present: a round of the control loop's
// reads and the fold of one entry, on a state behind which there are many finished
// operations, beside components that live.
//
//	cd bench && go run ./state        # 0, 1,000, 10,000 and 100,000 finished operations
//	cd bench && go run ./state -h     # components, rounds
//
// Each state is folded from entries, as a server's is. Of each figure the least of 200 repetitions
// counts. "All read" is what reading every operation that the state keeps costs.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/chaos"
	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/drill"
	"github.com/greenlang/fournines/internal/evidence"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/state"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench state:", err)
		os.Exit(1)
	}
}

func run() error {
	components := flag.Int("components", 10_000, "live components")
	rounds := flag.Int("rounds", 200, "rounds of each repetition, of which the least counts")
	flag.Parse()
	if *components < 1 || *rounds < 1 {
		return errors.New("read flags: components and rounds must be positive")
	}
	var worlds []*world
	for _, finished := range []int{0, 0, 1000, 10_000, 100_000} {
		w, err := open(finished, *components)
		if err != nil {
			return err
		}
		defer w.close()
		worlds = append(worlds, w)
	}
	// The first state is there twice: how far the two differ is what the machine adds.
	// Repetitions of all worlds take turns, so that the machine's moods meet them alike.
	const repetitions = 200
	for range repetitions {
		for _, w := range worlds {
			if err := w.repeat(*rounds); err != nil {
				return err
			}
		}
	}
	base := worlds[0]
	fmt.Printf("%10s %10s %12s %8s %12s %8s %12s %10s\n", "finished", "documents", "round µs", "ratio", "fold µs", "ratio", "memory KiB", "all read µs")
	for _, w := range worlds {
		fmt.Printf("%10d %10d %12.2f %8.3f %12.2f %8.3f %12d %10.0f\n", w.finished, w.documents, least(w.round), least(w.round)/least(base.round),
			least(w.fold), least(w.fold)/least(base.fold), w.memory>>10, least(w.scan))
	}
	return nil
}

// least is what it costs when nobody else is in the way.
func least(v []float64) float64 { return slices.Min(v) }

var (
	regions = []string{"us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "ap-south-1", "ap-east-1"}
	zones   = []string{"a", "b", "c"}
	epoch   = time.Unix(1_700_000_000, 0).UTC()
	folds   = []state.Fold{control.Fold, availability.Fold, chaos.Fold, drill.Fold, evidence.FoldIncidents}
)

// entry is the n-th of a journal, ten minutes after the one before.
func entry(n uint64, kind, subject, operation string, data any) (journal.Record, error) {
	b, err := json.Marshal(data)
	at := epoch.Add(time.Duration(n) * 10 * time.Minute) //nolint:gosec // small
	return journal.Record{Entry: journal.Entry{Index: n, Time: at, Kind: kind, Subject: subject, Operation: operation, Actor: "system:availability", Data: b}}, err
}

// operation returns the entries of one operation of three steps, on one of the subjects.
func operation(i int, next uint64) ([]journal.Record, error) {
	key := fmt.Sprintf("rejoin:%d", i)
	region := regions[i%len(regions)]
	subject := []string{region + "/postgres", region + "/postgres/slot", region + "/" + zones[i/6%3] + "/postgres"}[i/18%3]
	steps := []string{"fence", "release", "verify"}
	var out []journal.Record
	var errs []error
	add := func(kind string, data any) {
		r, err := entry(next+uint64(len(out)), kind, subject, key, data)
		out, errs = append(out, r), append(errs, err)
	}
	add("operation.requested", map[string]any{"key": key, "kind": "postgres.rejoin", "subject": subject, "actor": "system:availability", "reason": "somebody leads", "args": map[string]string{"component": subject}, "steps": steps})
	for _, s := range steps {
		add("step.begun", map[string]string{"step": s, "state": control.StepRunning})
		add("step.ended", map[string]any{"step": s, "state": control.StepDone, "result": map[string]string{"by": "node", "at": "2026-01-01T00:00:00Z"}})
	}
	add("operation.ended", map[string]string{"state": control.Succeeded})
	return out, errors.Join(errs...)
}
