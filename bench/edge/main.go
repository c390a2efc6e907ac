// Command edge measures what the edge costs beside its peers, in one run: CPU
// time per request of the proxy process and the median latency of one client.
//
//	cd bench && go run ./edge            # three rounds, a table and JSON
//	cd bench && go run ./edge -h         # rounds, requests, connections
//
// Peers: net/http/httputil's ReverseProxy, tuned, and HAProxy with one thread.
// HAProxy is found in PATH or by -haproxy; without it the run says so and goes
// on. To get it without a system service on Debian:
//
//	apt-get download haproxy && dpkg -x haproxy_*.deb there
//	go run ./edge -haproxy there/usr/sbin/haproxy
//
// The upstream answers 1 KiB of JSON from its own process; the clients keep
// their connections. The edge runs as it does in production: probes, breaker,
// retry budget and per-second counters are on.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench edge:", err)
		os.Exit(1)
	}
}

func run() error {
	var o options
	flag.IntVar(&o.rounds, "rounds", 3, "rounds; the proxies take turns within each")
	flag.IntVar(&o.requests, "requests", 60000, "requests for the CPU figure, per proxy and round")
	flag.IntVar(&o.single, "single", 5000, "requests of one client for the median, per proxy and round")
	flag.IntVar(&o.clients, "clients", 32, "connections under load")
	flag.StringVar(&o.haproxy, "haproxy", "haproxy", "the HAProxy binary")
	flag.StringVar(&o.libraries, "libraries", "", "LD_LIBRARY_PATH for an unpacked HAProxy")
	flag.StringVar(&o.json, "json", "", "also write the result to this file")
	role := flag.String("role", "", "internal: run as upstream, edge or httputil")
	upstream := flag.String("upstream", "", "internal: address of the upstream")
	profile := flag.String("profile", "", "internal: write a CPU profile of the role here")
	flag.Parse()
	switch *role {
	case "":
		if o.rounds < 1 || o.requests < o.clients || o.single < 1 || o.clients < 1 {
			return errors.New("read flags: rounds, requests, single and clients must be positive")
		}
		return compare(o)
	case "upstream":
		return serveUpstream()
	case "edge", "httputil":
		return serveProxy(*role, *upstream, *profile)
	}
	return fmt.Errorf("read flags: role %q is unknown", *role)
}

type options struct {
	rounds, requests, single, clients int
	haproxy, libraries, json          string
}
