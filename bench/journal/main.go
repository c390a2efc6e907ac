// Command journal measures the log beside its peer, Tessera on POSIX files, in one run:
// durable appends by many producers, CPU per event, acknowledgement times, inclusion
// proofs, and Tessera's own fsck of the directory that our log wrote.
//
//	cd bench && go run ./journal            # three rounds, a table and JSON
//	cd bench && go run ./journal -h         # rounds, producers, seconds, directory
//
// Each log runs in a process of its own, and they take turns. Tessera runs twice: with
// its default batches (256 events or 250 ms) and with 512 events or 10 ms, because 512
// waiting producers never fill a larger one; both with checkpoints each second, as ours.
// An append counts when its index is durable: Tessera
// calls that the resolved future.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"time"
)

type options struct {
	rounds, producers, proofs int
	length                    time.Duration
	dir, json                 string
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench journal:", err)
		os.Exit(1)
	}
}

func run() error {
	var o options
	flag.IntVar(&o.rounds, "rounds", 3, "rounds; the logs take turns within each")
	flag.IntVar(&o.producers, "producers", 512, "goroutines that each wait for their acknowledgement")
	flag.DurationVar(&o.length, "for", 5*time.Second, "how long each log is written to, per round")
	flag.IntVar(&o.proofs, "proofs", 20000, "inclusion proofs, per log and round")
	flag.StringVar(&o.dir, "dir", os.TempDir(), "where the logs are written; the disk is measured too")
	flag.StringVar(&o.json, "json", "", "also write the result to this file")
	role := flag.String("role", "", "internal: write the log of this name")
	flag.Parse()
	if o.rounds < 1 || o.producers < 1 || o.proofs < 1 || o.length <= 0 {
		return errors.New("read flags: rounds, producers, proofs and for must be positive")
	}
	if *role != "" {
		return play(*role, o)
	}
	return compare(o)
}
