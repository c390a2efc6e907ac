// Command dns measures what the edge's name server costs beside CoreDNS, in one run: CPU
// time per query from the process's accounts, and queries per second.
//
//	cd bench && go run ./dns            # five rounds, a table and JSON
//	cd bench && go run ./dns -h         # rounds, queries, clients
//
// Ours runs as it does in production, within an edge: six regions under probes, a latency
// table of 1002 rows, client subnets of as many networks in the queries, and the limit per
// client network on. CoreDNS answers one address from a zone file (plugins file and
// multisocket); it has no latency table, and returns no client subnet. It is found in PATH
// or by -coredns; without it the run says so and goes on. To build it:
//
//	GOBIN=$PWD go install github.com/coredns/coredns@v1.14.7
//	go run ./dns -coredns ./coredns
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
)

type options struct {
	rounds, queries, clients, window int
	coredns, json                    string
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench dns:", err)
		os.Exit(1)
	}
}

func run() error {
	var o options
	flag.IntVar(&o.rounds, "rounds", 5, "rounds; the servers take turns within each")
	flag.IntVar(&o.queries, "queries", 300000, "queries per server and round")
	flag.IntVar(&o.clients, "clients", 8, "client sockets")
	flag.IntVar(&o.window, "window", 32, "queries that each client has under way")
	flag.StringVar(&o.coredns, "coredns", "coredns", "the CoreDNS binary")
	flag.StringVar(&o.json, "json", "", "also write the result to this file")
	role := flag.String("role", "", "internal: run as ours")
	profile := flag.String("profile", "", "internal: write a CPU profile of the role here")
	flag.Parse()
	switch *role {
	case "":
		if o.rounds < 1 || o.queries < o.clients || o.clients < 1 || o.window < 1 || o.window > 1000 {
			return errors.New("read flags: rounds, clients and window must be positive, and queries not fewer than clients")
		}
		return compare(o)
	case "ours":
		return serve(*profile)
	}
	return fmt.Errorf("read flags: role %q is unknown", *role)
}
