// Command query measures questions about a journal of many events, built through the real
// journal and its real tables.
//
//	cd bench && go run ./query                                           # 10 M events
//	cd bench && go run ./query -events 1000000 -rounds 5 -dir /tmp/kept  # kept for a next run
//
// The events are a platform's audit trail: 24 kinds, 200 actors with one in five doing most,
// 400 subjects, an operation id of its own for every three events, JSON data, 50 ms apart.
// Each question is asked once to warm up and then -rounds times; each round asks for
// another entry, actor, day or id. What is told is the median, the slowest, and the rows.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/journal/query"
	"github.com/greenlang/fournines/internal/journal/query/worker"
	"github.com/greenlang/fournines/internal/journal/table"
)

func main() {
	events := flag.Uint64("events", 10_000_000, "events in the journal")
	rounds := flag.Int("rounds", 7, "times that each question is asked")
	dir := flag.String("dir", "", "where journal and tables are kept; a temporary directory by default")
	program := flag.String("worker", "../bin/fournines-query", "the program that answers, as make build leaves it")
	flag.Parse()
	if err := run(*events, *rounds, *dir, *program); err != nil {
		fmt.Fprintln(os.Stderr, "bench query:", err)
		os.Exit(1)
	}
}

func run(events uint64, rounds int, dir, program string) (err error) {
	ctx := context.Background()
	if dir == "" {
		if dir, err = os.MkdirTemp("", "bench-query-"); err != nil {
			return err
		}
		defer os.RemoveAll(dir) //nolint:errcheck // only room
	}
	j, err := journal.Options{Origin: "bench"}.Open(filepath.Join(dir, "journal"))
	if err != nil {
		return err
	}
	defer j.Close() //nolint:errcheck // only read by then
	begun := time.Now()
	made, err := fill(ctx, j, events)
	if err != nil {
		return err
	}
	fmt.Printf("journal: %d events, %d of them made now in %.1f s\n", j.Head().Size, made, time.Since(begun).Seconds())
	tables := filepath.Join(dir, "table")
	store := table.NewStore(tables, j, slog.Default())
	begun = time.Now()
	if err := store.Fill(ctx); err != nil {
		return err
	}
	defer store.Close() //nolint:errcheck // only read
	fmt.Printf("tables: %.1f s, %d MB\n", time.Since(begun).Seconds(), size(tables)>>20)
	snap, err := store.Snapshot(ctx)
	if err != nil {
		return err
	}
	defer snap.Release()
	w := worker.New(worker.Options{Program: program, Dir: tables})
	defer w.Close() //nolint:errcheck // it ends
	return measure(ctx, w, snap, rounds)
}

func measure(ctx context.Context, e *worker.Engine, snap *table.Snapshot, rounds int) error {
	for _, q := range questions(snap.Size) {
		var took []float64
		rows := 0
		for round := -1; round < rounds; round++ {
			begun := time.Now()
			a, err := e.Answer(ctx, query.Question{SQL: q.sql(round + 1)}, snap)
			if err != nil {
				return fmt.Errorf("%s: %w", q.name, err)
			}
			if round >= 0 {
				took = append(took, float64(time.Since(begun).Microseconds())/1000)
			}
			rows = len(a.Rows)
		}
		line, err := json.Marshal(figure{q.name, median(took), slowest(took), rows})
		if err != nil {
			return err
		}
		fmt.Println(string(line))
	}
	return nil
}

type figure struct {
	Question string  `json:"question"`
	Median   float64 `json:"median_ms"`
	Slowest  float64 `json:"slowest_ms"`
	Rows     int     `json:"rows"`
}
