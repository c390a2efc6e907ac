package app

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/greenlang/fournines/internal/driver/fault"
	"github.com/greenlang/fournines/internal/driver/kafka"
	"github.com/greenlang/fournines/internal/driver/patroni"
	"github.com/greenlang/fournines/internal/driver/wan"
	"github.com/greenlang/fournines/internal/fact"
)

// Wan is the unit that is the network between the regions of this machine.
const Wan = "wan"

// pulsePort is where a region's own host hears the other regions, by UDP.
const pulsePort = 7007

// nearIP returns the address of region from by which it reaches a zone of another region:
// 127.FROM.(128 + ZONE).TO, or 10.… with network namespaces. Zone "" is the region's own host.
func (l Layout) nearIP(from, to, zone string) string {
	a, _ := l.Platform.Region(from)
	b, _ := l.Platform.Region(to)
	net := 127
	if l.NetNS {
		net = 10
	}
	return fmt.Sprintf("%d.%d.%d.%d", net, a.Number, 128+l.zoneNumber(b, zone), b.Number)
}

// nearIPs returns all addresses of a region by which it reaches others.
func (l Layout) nearIPs(from string) []string {
	var out []string
	for _, to := range l.Regions {
		if to == from {
			continue
		}
		out = append(out, l.nearIP(from, to, ""))
		r, _ := l.Platform.Region(to)
		for _, z := range r.Zones {
			out = append(out, l.nearIP(from, to, z))
		}
	}
	return out
}

// near returns where region from reaches a component of region to: at the component's own
// address in the same region, and by the network between regions in another.
func (l Layout) near(from, to, zone string, port int) string {
	if from == to {
		return l.addr(to, zone, port)
	}
	return l.nearIP(from, to, zone) + ":" + strconv.Itoa(port)
}

// ways returns every way between two regions that run here.
func (l Layout) ways() []wan.Way {
	var out []wan.Way
	for _, a := range l.Regions {
		for _, b := range l.Regions {
			if a != b {
				out = append(out, wan.Way{From: a, To: b})
			}
		}
	}
	return out
}

// Between returns what lies between the regions that run here: every edge reaches every
// other one, partners reach each other's databases and brokers, and so do servers each other.
func (l Layout) Between() wan.Network {
	n := wan.Network{Links: map[wan.Way]wan.Link{}, Stations: map[string]string{}}
	if len(l.Regions) < 2 {
		return n
	}
	for _, r := range l.Regions {
		n.Stations[r] = l.addr(r, "", pulsePort)
	}
	for _, w := range l.ways() {
		there, _ := l.Platform.Link(w.From, w.To)
		n.Links[w] = wan.Link{RoundTrip: there.Latency.D(), Loss: float64(there.Loss)}
		n.Pulses = append(n.Pulses, wan.Relay{Way: w, Near: l.near(w.From, w.To, "", pulsePort), Far: n.Stations[w.To]})
		relay := func(zone string, near, far int) {
			n.Relays = append(n.Relays, wan.Relay{Way: w, Near: l.near(w.From, w.To, zone, near), Far: l.addr(w.To, zone, far)})
		}
		relay("", appPort, appPort)
		from, _ := l.Platform.Region(w.From)
		if l.Partner(from).Name != w.To {
			continue
		}
		for _, z := range l.Partner(from).Zones {
			relay(z, patroni.PostgresPort, patroni.PostgresPort)
		}
		if l.MirrorZone(w.From) != "" {
			for _, z := range l.Brokers(w.To) {
				relay(z, kafka.Port, kafka.LinkPort)
			}
		}
	}
	l.betweenServers(&n)
	return n
}

// RunWan is the network between regions until ctx ends. It goes on while the server is dead.
func RunWan(ctx context.Context, root string, log *slog.Logger) error {
	_, layout, err := LoadInstallation(root)
	if err != nil {
		return err
	}
	secrets, err := LoadSecrets(root)
	if err != nil {
		return err
	}
	client := NewClient(secrets.NodeToken, layout.ServerListens()...)
	n := layout.Between()
	n.Cut = (&cuts{dir: faultsDir(root), layout: layout, log: log}).now
	n.Report = func(ctx context.Context, links []fact.Link) {
		ctx, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		_ = client.Call(ctx, http.MethodPost, "/wan/links", "", links, nil) // the next one says all of it again
	}
	return n.Run(ctx)
}

// cuts are the ways that faults cut, read from the leases of their guards: whoever dies, a
// lease ends at its time.
type cuts struct {
	dir    string
	layout Layout
	log    *slog.Logger

	changed time.Time // of the directory, when it was last read
	leases  []fault.Lease
}

func (c *cuts) now() []wan.Way {
	now := time.Now()
	if at := fault.Changed(c.dir); !at.Equal(c.changed) || now.Sub(at) < time.Second {
		leases, err := fault.Keeper{Dir: c.dir}.Active()
		if err != nil {
			c.log.Error("the faults of links cannot be read", "err", err)
			return nil
		}
		c.changed, c.leases = at, leases
	}
	var out []wan.Way
	for _, l := range c.leases {
		if !l.Holds(now) {
			continue
		}
		for _, text := range l.Links {
			if w, err := wan.ParseWay(text); err == nil { // the guard refuses others
				out = append(out, w)
			}
		}
	}
	return out
}
