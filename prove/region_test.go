//go:build prove

package prove

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/greenlang/fournines/internal/assign"
	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/availability/wiring"
	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/drill"
	"github.com/greenlang/fournines/internal/driver/patroni"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/platformtest"
	"github.com/greenlang/fournines/internal/platformtest/strict"
	"github.com/greenlang/fournines/internal/spec"
)

const (
	ours  = "ours"
	alone = "patroni alone"

	cluster = platformtest.Region + "/" + place.Postgres
)

// region is a region that runs, with all that a proof reaches it through.
type region struct {
	*platformtest.Platform
	t       *testing.T
	who     string
	layout  place.Layout
	secrets place.Secrets
	outside wiring.DrillPlatform
}

// start brings a region up until the test ends.
func start(t *testing.T, who string) *region {
	t.Helper()
	r := &region{Platform: platformtest.Start(t, options(who)), t: t, who: who}
	r.enter()
	return r
}

// options are GreenLang's own platform, or the same without the accelerated failover.
func options(who string) platformtest.Options {
	o := platformtest.Options{}
	if netns() {
		o.Args = []string{"--netns"}
	}
	if who == alone {
		o.Change = func(s string) string {
			return strings.Replace(s, "acceleratedFailover: true", "acceleratedFailover: false", 1)
		}
	}
	return o
}

// prepared is a region that up brings up and Down stops, any number of times.
func prepared(t *testing.T, who string) *region {
	t.Helper()
	if _, err := assign.FindPrograms(t.Context(), place.EnginesRoot()); err != nil {
		strict.Skip(t, "nothing of this proof, which needs real engines", err)
	}
	return &region{Platform: platformtest.Prepare(t, options(who)), t: t, who: who}
}

func (r *region) up() {
	r.t.Helper()
	r.Up()
	r.enter()
}

// enter reads what the region that came up is, and waits until it is whole.
func (r *region) enter() {
	r.t.Helper()
	var err error
	if _, r.layout, err = place.LoadInstallation(r.Root); err != nil {
		r.t.Fatal(err)
	}
	if on := r.layout.Platform.Spec.Engines.Postgres.AcceleratedFailover; on != (r.who == ours) {
		r.t.Fatalf("accelerated failover is %v for %s: the platform file did not take the change", on, r.who)
	}
	if r.secrets, err = place.LoadSecrets(r.Root); err != nil {
		r.t.Fatal(err)
	}
	r.outside = wiring.DrillPlatform{Client: r.Client, Region: platformtest.Region}
	r.Healthy()
}

// zones returns the region's zones.
func (r *region) zones() []string { return r.spec().Zones }

func (r *region) spec() spec.Region {
	s, ok := r.layout.Platform.Region(platformtest.Region)
	if !ok {
		r.t.Fatalf("the platform has no %s", platformtest.Region)
	}
	return s
}

// env returns what a drill runs with: the application's load and the way to Redis.
func (r *region) env() (string, drill.Env) {
	r.t.Helper()
	id := control.NewID("prove")
	env, err := wiring.DrillEnv(r.Root, platformtest.Region, id, r.Client)
	if err != nil {
		r.t.Fatal(err)
	}
	return id, env
}

// leader waits until somebody leads the engine, and returns its component id.
func (r *region) leader(ctx context.Context, engine string) (string, error) {
	return await(ctx, func() (string, error) {
		l, err := r.outside.Look(ctx)
		if err == nil && l.Leaders[engine] == "" {
			err = fmt.Errorf("nobody leads %s", engine)
		}
		return l.Leaders[engine], err
	})
}

// moved waits until another than old leads. With mayReturn it is enough that all is
// well again some seconds after the fault: who came back by itself need not be replaced.
func (r *region) moved(ctx context.Context, engine, old string, mayReturn bool) error {
	began := time.Now()
	_, err := await(ctx, func() (struct{}, error) {
		l, err := r.outside.Look(ctx)
		switch leader := l.Leaders[engine]; {
		case err != nil:
		case leader != "" && leader != old:
		case mayReturn && len(l.Trouble) == 0 && time.Since(began) > 5*time.Second:
		default:
			err = fmt.Errorf("%s is led by %q still", engine, leader)
		}
		return struct{}{}, err
	})
	return err
}

// failovers returns how many failovers began after t, and when the first did.
func (r *region) failovers(ctx context.Context, t time.Time) (n int, first time.Time, err error) {
	at := t
	for {
		begun, ok, err := r.outside.Detected(ctx, availability.KindFailover, cluster, at)
		if err != nil || !ok {
			return n, first, err
		}
		if n++; n == 1 {
			first = begun
		}
		at = begun
	}
}

// whole waits until everything is healthy and every cluster could fail over.
func (r *region) whole(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 4*time.Minute)
	defer cancel()
	_, err := await(ctx, func() (struct{}, error) {
		l, err := r.outside.Look(ctx)
		if err == nil && len(l.Trouble) > 0 {
			err = errors.New("the region is not whole: " + strings.Join(l.Trouble, "; "))
		}
		return struct{}{}, err
	})
	return err
}

// clear ends a fault and waits until nothing is left of it.
func (r *region) clear(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	_, err := await(ctx, func() (struct{}, error) { return struct{}{}, r.outside.Clear(ctx, id) })
	return err
}

// etcd returns a client of the region's own etcd, until the test ends.
func (r *region) etcd() *clientv3.Client {
	r.t.Helper()
	var endpoints []string
	for _, z := range r.zones() {
		endpoints = append(endpoints, "http://"+r.layout.Address(platformtest.Region, z, place.Etcd))
	}
	c, err := clientv3.New(clientv3.Config{Endpoints: endpoints, DialTimeout: 2 * time.Second, Logger: zap.NewNop()})
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = c.Close() })
	return c
}

// lock returns the leader key of the region's cluster.
func (r *region) lock() patroni.Lock {
	return patroni.Lock{Client: r.etcd(), Scope: platformtest.Region}
}

// standing is who leads on which timeline, by their own word.
func (r *region) standing(ctx context.Context, lock patroni.Lock) (fact.PostgresLock, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	return await(ctx, func() (fact.PostgresLock, error) {
		l, err := lock.Read(ctx)
		if err == nil && l.Leader == "" {
			err = errors.New("no member holds the leader key")
		}
		return l, err
	})
}

// await repeats f until it succeeds or ctx ends; then it says why f did not.
func await[T any](ctx context.Context, f func() (T, error)) (T, error) {
	for {
		v, err := f()
		if err == nil {
			return v, nil
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return v, fmt.Errorf("%w (%w)", err, ctx.Err())
		}
	}
}

// until waits for a moment of the plan of a proof, such as when to thaw.
func until(ctx context.Context, at time.Time) error {
	select {
	case <-time.After(time.Until(at)):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
