//go:build prove

package prove

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"path/filepath"
	"syscall"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/greenlang/fournines/internal/driver/process"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/platformtest"
)

// noise is trouble that needs no failover.
type noise struct {
	name   string
	design bool // it is longer than our detection: a failover is what we promise
	make   func(ctx context.Context, r *region) error
}

const (
	stallFor = 3 * time.Second
	hogFor   = 10 * time.Second
)

// noises are all kinds, for a region with these zones.
func noises(zones []string) []noise {
	var out []noise
	for _, z := range zones {
		unit := platformtest.Region + "/" + z
		out = append(out, stallMain("node "+z+" stalls", unit), killMain("node "+z+" is killed", unit))
	}
	out = append(out, networkNoises(zones)...)
	return append(out,
		stallMain("server stalls", place.Server), killMain("server is killed", place.Server),
		stallMain("edge stalls", platformtest.Region+"/edge"),
		stallUnit("replica stalls", replicaOf(place.Postgres)), stallUnit("sentinel stalls", anyOf(place.Sentinel)),
		stallUnit("redis replica stalls", replicaOf(place.Redis)), stallUnit("application stalls", anyOf(place.GreenLang)),
		noise{name: "etcd leader is killed", make: killEtcdLeader}, noise{name: "one core is busy", make: hog},
		noise{name: "primary stalls (by design)", design: true, make: stallUnit("", primary).make},
	)
}

// stall stops processes for 3 s; they go on whatever happens here.
func stall(ctx context.Context, ps []process.Process) error {
	if len(ps) == 0 {
		return errors.New("there is nobody to stall")
	}
	defer func() {
		for _, p := range ps {
			_ = p.Signal(syscall.SIGCONT) // one that is gone needs none
		}
	}()
	for _, p := range ps {
		if err := p.Signal(syscall.SIGSTOP); err != nil && !errors.Is(err, process.ErrGone) {
			return err
		}
	}
	return until(ctx, time.Now().Add(stallFor))
}

// main returns the first process of a unit, by the file that its supervisor keeps.
func (r *region) main(unit string) (process.Process, error) {
	p, ok := process.Adopt(filepath.Join(r.Root, unit) + ".pid")
	if !ok {
		return p, fmt.Errorf("%s does not run", unit)
	}
	return p, nil
}

func stallMain(name, unit string) noise {
	return noise{name: name, make: func(ctx context.Context, r *region) error {
		p, err := r.main(unit)
		if err != nil {
			return err
		}
		return stall(ctx, []process.Process{p})
	}}
}

func killMain(name, unit string) noise {
	return noise{name: name, make: func(ctx context.Context, r *region) error {
		p, err := r.main(unit)
		if err != nil {
			return err
		}
		return kill(ctx, p)
	}}
}

func kill(ctx context.Context, p process.Process) error {
	if err := p.Signal(syscall.SIGKILL); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	return p.Wait(ctx)
}

func stallUnit(name string, which func(context.Context, *region) (string, error)) noise {
	return noise{name: name, make: func(ctx context.Context, r *region) error {
		component, err := which(ctx, r)
		if err != nil {
			return err
		}
		ps, err := process.Members(filepath.Join(r.Root, component))
		if err != nil {
			return err
		}
		return stall(ctx, ps)
	}}
}

func primary(ctx context.Context, r *region) (string, error) { return r.leader(ctx, place.Postgres) }

func anyOf(kind string) func(context.Context, *region) (string, error) {
	return func(_ context.Context, r *region) (string, error) {
		return place.ID(platformtest.Region, r.zones()[0], kind), nil
	}
}

func replicaOf(kind string) func(context.Context, *region) (string, error) {
	return func(ctx context.Context, r *region) (string, error) {
		leader, err := r.leader(ctx, kind)
		for _, z := range r.zones() {
			if id := place.ID(platformtest.Region, z, kind); id != leader {
				return id, err
			}
		}
		return "", errors.Join(err, fmt.Errorf("%s has no replica", kind))
	}
}

// killEtcdLeader kills the member that leads the region's etcd; its node starts it again.
func killEtcdLeader(ctx context.Context, r *region) error {
	for _, z := range r.zones() {
		leads, err := leadsEtcd(ctx, "http://"+r.layout.Address(platformtest.Region, z, place.Etcd))
		if err != nil {
			return err
		}
		if !leads {
			continue
		}
		p, err := r.main(place.ID(platformtest.Region, z, place.Etcd))
		if err != nil {
			return err
		}
		return kill(ctx, p)
	}
	return errors.New("no member of etcd leads")
}

func leadsEtcd(ctx context.Context, endpoint string) (bool, error) {
	c, err := clientv3.New(clientv3.Config{Endpoints: []string{endpoint}, DialTimeout: 2 * time.Second, Logger: zap.NewNop()})
	if err != nil {
		return false, err
	}
	defer c.Close() //nolint:errcheck // only asked
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	s, err := c.Status(ctx, endpoint)
	if err != nil {
		return false, fmt.Errorf("ask %s who leads: %w", endpoint, err)
	}
	return s.Leader == s.Header.MemberId, nil
}

// hog keeps one core busy and ends by itself.
func hog(ctx context.Context, _ *region) error {
	end, sum := time.Now().Add(hogFor), [sha256.Size]byte{}
	for time.Now().Before(end) && ctx.Err() == nil {
		for range 10000 {
			sum = sha256.Sum256(sum[:])
		}
	}
	return ctx.Err()
}
