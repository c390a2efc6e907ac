// Command evidence measures how long the evidence of a simulated year takes: six regions
// that count every hour, a million operations, two thousand incidents.
//
//	cd bench && go run ./evidence        # folding the year once, computing it five times
//	cd bench && go run ./evidence -h     # operations, incidents, cells
//
// Folding is what a server does once for each entry, or at a start without its state.
// Computing is what each question costs: the whole evidence page, over the whole year.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/evidence"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/records"
	"github.com/greenlang/fournines/internal/state"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench evidence:", err)
		os.Exit(1)
	}
}

type options struct{ operations, incidents, cells int }

func run() error {
	var o options
	flag.IntVar(&o.operations, "operations", 1_000_000, "operations of the year")
	flag.IntVar(&o.incidents, "incidents", 2000, "incidents of the year")
	flag.IntVar(&o.cells, "cells", 12, "cells of the platform")
	flag.Parse()
	if o.operations < 1 || o.incidents < 1 || o.cells < 1 {
		return errors.New("read flags: operations, incidents and cells must be positive")
	}
	docs := state.NewDocs()
	begun, entries := time.Now(), 0
	for r, err := range year(o) {
		if err == nil {
			entries++
			err = errors.Join(evidence.FoldDays(docs, r), evidence.FoldIncidents(docs, r))
		}
		if err != nil {
			return err
		}
	}
	folded := time.Since(begun)
	fmt.Printf("folded %d entries (%d operations) in %.2f s, %.1f µs each, making them included\n", entries, o.operations, folded.Seconds(), folded.Seconds()*1e6/float64(entries))

	var took []time.Duration
	var answer api.Evidence
	for range 5 {
		begun := time.Now()
		days, err1 := list[evidence.Day](docs, evidence.DayPrefix)
		incidents, err2 := list[evidence.Incident](docs, evidence.IncidentPrefix)
		if err := errors.Join(err1, err2); err != nil {
			return err
		}
		answer = records.ComputeEvidence(evidence.Counts{Days: days}, incidents, nil, nil, o.cells, 0.9999, api.EvidenceFilter{From: first, To: first.AddDate(1, 0, 0), Of: evidence.Both})
		took = append(took, time.Since(begun))
	}
	slices.Sort(took)
	if answer.Platform.Customer == nil {
		return errors.New("no customer was served or failed in a year of entries")
	}
	fmt.Printf("computed the year's evidence in %.2f s (median of 5; %.2f to %.2f): customer-weighted %.5f %%, %d incidents shown, %d figures\n",
		took[2].Seconds(), took[0].Seconds(), took[4].Seconds(), 100**answer.Platform.Customer, len(answer.Incidents), len(answer.Figures))
	return nil
}

func list[T any](d *state.Docs, prefix string) ([]T, error) {
	var out []T
	for _, key := range d.Keys(prefix) {
		var v T
		if _, err := d.Get(key, &v); err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// first is when the year begins.
var first = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) //nolint:gochecknoglobals // a constant

func record(index uint64, at time.Time, kind, subject string, data any) (journal.Record, error) {
	b, err := json.Marshal(data)
	return journal.Record{Entry: journal.Entry{Index: index, Time: at, Kind: kind, Subject: subject, Data: b}}, err
}
