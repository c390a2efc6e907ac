// Command edge measures what the edge costs beside its peers, in one run: CPU
// time per request of the proxy process and the median latency of one client.
//
//	cd bench && go run ./edge            # three rounds, a table and JSON
//	cd bench && go run ./edge -hop       # what package hop buys over net/http's client
//	cd bench && go run ./edge -h         # rounds, requests, connections
//
// Clients speak HTTP/1.1, HTTP/2 in cleartext, and both over TLS. Peers:
// net/http/httputil's ReverseProxy, tuned; HAProxy with one thread; nginx with one worker;
// Caddy. They are found in PATH or by flags; of those that are missing the run says so and
// goes on. So it is with h2load of nghttp2, whose place a generator of our own takes. To
// get them without installing anything, on Debian:
//
//	apt-get download haproxy nginx nghttp2-client libjemalloc2 libev4 liblua5.3-0 libopentracing1 libopentracing-c-wrapper0 libc-ares2 libnghttp2-14
//	for f in *.deb; do dpkg -x $f there; done
//	GOBIN=$PWD/there go install github.com/caddyserver/caddy/v2/cmd/caddy@v2.11.9
//	go run ./edge -libraries there/usr/lib/x86_64-linux-gnu -haproxy there/usr/sbin/haproxy -nginx there/usr/sbin/nginx -h2load there/usr/bin/h2load -caddy there/caddy
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
	flag.IntVar(&o.clients2, "clients2", 8, "connections under load, of HTTP/2")
	flag.IntVar(&o.streams, "streams", 16, "requests at once on each connection of HTTP/2")
	modes := flag.String("modes", "h1,h2c,tls-h1,tls-h2", "how clients speak")
	flag.StringVar(&o.haproxy, "haproxy", "haproxy", "the HAProxy binary")
	flag.StringVar(&o.nginx, "nginx", "nginx", "the nginx binary")
	flag.StringVar(&o.caddy, "caddy", "caddy", "the Caddy binary")
	flag.StringVar(&o.h2load, "h2load", "h2load", "the h2load binary")
	flag.StringVar(&o.libraries, "libraries", "", "LD_LIBRARY_PATH for unpacked peers")
	flag.StringVar(&o.json, "json", "", "also write the result to this file")
	flag.BoolVar(&o.hop, "hop", false, "measure what package hop buys over net/http's client, and no peers")
	role := flag.String("role", "", "internal: run as upstream, edge or httputil")
	upstream := flag.String("upstream", "", "internal: address of the upstream")
	pem := flag.String("pem", "", "internal: certificate and key")
	profile := flag.String("profile", "", "internal: write a CPU profile of the role here")
	flag.Parse()
	var err error
	if o.modes, err = parseModes(*modes); err != nil {
		return err
	}
	if o.hop { // it is about the other side, and the two bare ones have no TLS
		o.modes = []mode{h1, h2c}
	}
	switch *role {
	case "":
		if o.rounds < 1 || o.requests < o.clients || o.single < 1 || o.clients < 1 || o.clients2 < 1 || o.streams < 1 {
			return errors.New("read flags: rounds, requests, single, clients and streams must be positive")
		}
		return compare(o)
	case "upstream":
		return serveUpstream()
	case "edge", "httputil", "hop", "transport":
		return serveProxy(*role, *upstream, *pem, *profile)
	}
	return fmt.Errorf("read flags: role %q is unknown", *role)
}

type options struct {
	rounds, requests, single, clients, clients2, streams int
	modes                                                []mode
	haproxy, nginx, caddy, h2load, libraries, json       string
	hop                                                  bool
}
