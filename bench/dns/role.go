package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime/debug"
	"runtime/pprof"
	"syscall"
	"time"

	"github.com/greenlang/fournines/bench/child"
	"github.com/greenlang/fournines/internal/edge"
	"github.com/greenlang/fournines/internal/edge/config"
)

// rows is how many client networks the latency table has beside everybody's.
const rows = 1000

// client returns the network of a row or of a query.
func client(i int) [3]byte { return [3]byte{100, byte(i >> 8), byte(i)} }

// serve runs an edge with its name server until it is told to stop.
func serve(profile string) error {
	if profile != "" {
		f, err := os.Create(profile)
		if err != nil {
			return err
		}
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	debug.SetGCPercent(edge.GCPercent) // as the edge runs
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	dir, err := os.MkdirTemp("", "bench-dns")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	probed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go http.Serve(probed, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})) //nolint:errcheck // it ends with the process
	address, err := child.Free()
	if err != nil {
		return err
	}
	e := edge.New(edge.Options{Dir: dir})
	if err := e.Apply(edge.Config{Version: 1, Region: "region-0", DNS: names(address, probed.Addr().String())}); err != nil {
		return err
	}
	if err := e.Start(); err != nil {
		return err
	}
	fmt.Println(address)
	return e.Run(ctx)
}

// names is the name server's configuration: each row has another nearest region.
func names(listen, probe string) *config.DNS {
	d := &config.DNS{
		Zone: "greenlang.test.", Service: "api", ID: "bench", Listen: []string{listen}, TTL: config.Duration(5 * time.Second),
		Limit: 10_000_000, // counts for loopback, and is never reached
	}
	for i := range 6 {
		d.Regions = append(d.Regions, config.DNSRegion{Name: fmt.Sprint("region-", i), Address: fmt.Sprintf("127.%d.0.1", i+1), Open: true, Probe: probe, Path: "/readyz"})
	}
	for i := range rows + 2 {
		n := config.DNSNetwork{Prefix: "0.0.0.0/0", Milliseconds: map[string]float64{}}
		switch c := client(i); i {
		case rows:
		case rows + 1:
			n.Prefix = "::/0"
		default:
			n.Prefix = fmt.Sprintf("%d.%d.%d.0/24", c[0], c[1], c[2])
		}
		for r := range 6 {
			n.Milliseconds[fmt.Sprint("region-", r)] = float64(10 + 40*((r+i)%6))
		}
		d.Near = append(d.Near, n)
	}
	return d
}
