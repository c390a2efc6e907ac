package assign

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/driver/patroni"
	"github.com/greenlang/fournines/internal/driver/postgres"
	"github.com/greenlang/fournines/internal/driver/redis"
	"github.com/greenlang/fournines/internal/edge"
	"github.com/greenlang/fournines/internal/edge/config"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/place"
)

// Directive is what an edge shall do: its configuration, whom to cut off, and what to hold.
type Directive struct {
	Version string      `json:"version"` // hash of the rest
	Config  edge.Config `json:"config"`
	Cuts    []Cut       `json:"cuts,omitempty"`
	Holds   []HoldOrder `json:"holds,omitempty"`
}

// Cut keeps sessions away from a member.
type Cut struct {
	Service string `json:"service"`
	Member  string `json:"member"`
	Reason  string `json:"reason"`
}

// HoldOrder keeps a service's new work waiting.
type HoldOrder struct {
	Service string    `json:"service"`
	Until   time.Time `json:"until"`
}

// Direct renders a region's directive. It is pure, except that the configuration's
// version must be given: it grows with every change.
func Direct(l place.Layout, region string, placed availability.Placement, fences []availability.Fence, holds []availability.Hold, version uint64) (Directive, error) {
	d := Directive{Config: EdgeConfig(l, region, placed)}
	d.Config.Version = version
	for _, f := range fences {
		r, err := fact.Component(f.Component)
		if err != nil {
			return d, fmt.Errorf("render directive: fence: %w", err)
		}
		if r.Region == region && r.Kind == place.Postgres {
			d.Cuts = append(d.Cuts, Cut{Service: place.Postgres, Member: r.Zone, Reason: "fenced: " + f.Reason})
		}
	}
	for _, h := range holds {
		if engine, ok := strings.CutPrefix(h.Cluster, region+"/"); ok {
			d.hold(HoldOrder{Service: engine, Until: h.Until})
		}
	}
	b, err := json.Marshal(d)
	if err != nil {
		return d, fmt.Errorf("render directive: %w", err)
	}
	sum := sha256.Sum256(b)
	d.Version = hex.EncodeToString(sum[:8])
	return d, nil
}

// hold adds an order, or lengthens the one for the same service: several operations may hold it.
func (d *Directive) hold(o HoldOrder) {
	for i := range d.Holds {
		if d.Holds[i].Service == o.Service {
			if o.Until.After(d.Holds[i].Until) {
				d.Holds[i].Until = o.Until
			}
			return
		}
	}
	d.Holds = append(d.Holds, o)
}

// RedisPasswordFile is what the edge reads from its own directory.
const RedisPasswordFile = "redis.password"

// EdgeConfig renders what a region's edge serves.
func EdgeConfig(l place.Layout, region string, placed availability.Placement) edge.Config {
	r, _ := l.Platform.Region(region)
	sp := l.Platform.Spec
	dur := func(d time.Duration) config.Duration { return config.Duration(d) }
	budget := int(float64(sp.Retry.Budget)*100 + 0.5)
	web := edge.HTTPService{Name: place.GreenLang, Listen: l.EdgeAddress(region, place.Edge), ListenTLS: l.EdgeAddress(region, place.HTTPS), HealthPath: place.ReadyPath, Policy: edge.HTTPPolicy{
		ProbeEvery: dur(sp.Health.Interval.D()), ReprobeEvery: dur(sp.Health.Reprobe.D()), ProbeTimeout: dur(sp.Health.Timeout.D()),
		Rise: sp.Health.Rise, Fall: sp.Health.Fall, BreakerFailures: sp.Breaker.ConsecutiveFailures, BreakerCooldown: dur(sp.Breaker.OpenFor.D()),
		TryTimeout: dur(sp.Retry.TryTimeout.D()), BudgetPercent: &budget,
	}}
	pg := edge.TCPService{Name: place.Postgres, Listen: l.EdgeAddress(region, place.Postgres), Protocol: config.Postgres, Policy: edge.TCPPolicy{
		Wait: dur(10 * time.Second), Sessions: postgres.EdgeSessions, RoleSessions: postgres.EdgeRole(len(applications())), Beside: []string{patroni.ProbeUser},
	}}
	kv := edge.TCPService{Name: place.Redis, Listen: l.EdgeAddress(region, place.Redis), Protocol: config.Redis, Master: redis.MasterName, PasswordFile: filepath.Join(l.EdgeDir(region), RedisPasswordFile), Policy: edge.TCPPolicy{Sessions: redis.EdgeSessions}}
	for _, z := range r.Zones {
		web.Targets = append(web.Targets, edge.Target{Name: z, Zone: z, Address: l.Address(region, z, place.GreenLang), HealthPath: place.ReadyPath})
		pg.Members = append(pg.Members, edge.Member{Name: z, Zone: z, Address: l.Address(region, z, place.Postgres), Witness: l.Addr(region, z, patroni.RESTPort)})
		kv.Members = append(kv.Members, edge.Member{Name: z, Zone: z, Address: l.Address(region, z, place.Redis), Witness: l.Address(region, z, place.Sentinel)})
	}
	return edge.Config{
		Region: region, BeyondLoopback: l.NetNS, Cells: sp.Cells.Count,
		TLS:  &edge.TLS{Certificates: []edge.Certificate{{CertFile: l.EdgeCertificate(region), KeyFile: l.EdgeCertificate(region)}}},
		HTTP: httpServices(l, web, region, placed), TCP: []edge.TCPService{pg, kv}, DNS: NameServer(l, region, placed),
	}
}

// httpServices are the region's own service, where it serves anybody, and one for each
// other region that does: a cell's requests go to its home's region from every edge.
func httpServices(l place.Layout, own edge.HTTPService, region string, placed availability.Placement) []edge.HTTPService {
	var out []edge.HTTPService
	if placed.Runs(region) {
		own.Cells = placed.CellsAt(region)
		if len(placed.Regions()) == 1 && placed.Serves(region) {
			own.Cells = nil // all of them
		}
		if own.Cells != nil || placed.Serves(region) {
			out = append(out, own)
		} else { // it warms up and serves nobody yet: beside the door, only probed
			own.Listen, own.ListenTLS, own.Name = l.Addr(region, "", warmPort), "", own.Name+"@"+region
			out = append(out, own)
		}
	}
	for _, other := range placed.Regions() {
		cells := placed.CellsAt(other)
		if other == region || len(cells) == 0 {
			continue
		}
		remote := own
		remote.Name, remote.Listen, remote.Remote, remote.Cells = place.GreenLang+"@"+other, l.EdgeAddress(region, place.Edge), other, cells
		remote.ListenTLS = l.EdgeAddress(region, place.HTTPS) // own may warm up and listen nowhere
		remote.Targets = []edge.Target{{Name: other, Address: l.Near(region, other, "", place.AppPort)}}
		remote.Policy = wayPolicy(own.Policy)
		out = append(out, remote)
	}
	return out
}

// wayPolicy is how an edge looks after the way to another region's edge: often, because a
// request that is sent into a way that is dead waits for its whole time. Three probes without
// an answer take seconds even of a machine that is busy; one answer proves the way open.
func wayPolicy(p edge.HTTPPolicy) edge.HTTPPolicy {
	p.ProbeEvery, p.ReprobeEvery = config.Duration(time.Second), config.Duration(500*time.Millisecond)
	p.ProbeTimeout, p.Fall, p.Rise = config.Duration(2*time.Second), 3, 1
	return p
}

// warmPort is where an edge probes an application that is about to serve.
const warmPort = 8081
