//go:build duckdb

// Command fournines-query is the worker that answers questions about the journal with
// DuckDB. The server starts it; see package query/worker for what they say to each other.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"

	"github.com/greenlang/fournines/internal/journal/query/duck"
	"github.com/greenlang/fournines/internal/journal/query/worker"
)

func main() {
	dir := flag.String("dir", "", "directory of the tables; nothing else is read")
	memory := flag.Int("memory", 512, "MiB that it may use")
	flag.Parse()
	if err := serve(*dir, *memory); err != nil {
		fmt.Fprintln(os.Stderr, "fournines-query:", err)
		os.Exit(1)
	}
}

// serve answers line by line until the input ends, also in the middle of an answer.
func serve(dir string, memory int) error {
	_ = os.WriteFile("/proc/self/oom_score_adj", []byte("1000"), 0) // rather this process than the server
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	db, err := duck.Open(ctx, dir, memory)
	if err != nil {
		return err
	}
	asks := make(chan worker.Ask)
	go func() {
		defer close(asks)
		d := json.NewDecoder(bufio.NewReader(os.Stdin))
		for {
			var a worker.Ask
			if err := d.Decode(&a); err != nil {
				cancel() // nobody waits for an answer any more
				return
			}
			asks <- a
		}
	}()
	e := json.NewEncoder(os.Stdout)
	e.SetEscapeHTML(false)
	for a := range asks {
		if err := e.Encode(db.Answer(ctx, a)); err != nil {
			return err
		}
	}
	return nil
}
