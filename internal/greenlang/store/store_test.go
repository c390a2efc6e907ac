package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/greenlang"
	"github.com/greenlang/fournines/internal/greenlang/enginetest"
)

// TestRegistryOnPostgres shares one server among its parts, each with a database of its own.
func TestRegistryOnPostgres(t *testing.T) {
	pg := enginetest.StartPostgres(t, "idempotency, paging, migration and seeding on a real PostgreSQL")
	for name, part := range map[string]func(*testing.T, *Store, *enginetest.Postgres, string){
		"migrate": partMigrate, "samekey": partSameKey, "paging": partPaging, "seed": partSeed, "lifecycle": partLifecycle, "refusals": partRefusals,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := pg.Database(t, name)
			part(t, open(t, pg, db), pg, db)
		})
	}
}

func open(t testing.TB, pg *enginetest.Postgres, database string) *Store {
	t.Helper()
	s, err := Open(Options{Address: pg.Address, Database: database, MaxConns: 8})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// prepare migrates and seeds a little, and returns a run that may be made.
func prepare(t testing.TB, s *Store) greenlang.NewRun {
	t.Helper()
	ctx := patient(t)
	if _, err := s.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Seed(ctx, SeedPlan{Customers: 20, Agents: 20, Seed: 1}); err != nil {
		t.Fatal(err)
	}
	customers, err := s.Customers(ctx, CustomerFilter{}, "", 1)
	if err != nil || len(customers) == 0 {
		t.Fatalf("customers: %v, %v", customers, err)
	}
	agents, err := s.Agents(ctx, AgentFilter{Lifecycle: greenlang.Certified}, "", "", 1)
	if err != nil || len(agents) == 0 {
		t.Fatalf("agents: %v, %v", agents, err)
	}
	return greenlang.NewRun{Customer: customers[0].ID, Agent: agents[0].Name, Version: agents[0].Version, Parameters: map[string]string{"x": "1"}}
}

func patient(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func partMigrate(t *testing.T, s *Store, pg *enginetest.Postgres, db string) {
	var total atomic.Int64
	var all sync.WaitGroup
	for range 8 { // instances that start together
		all.Go(func() {
			steps, err := s.Migrate(patient(t))
			if err != nil {
				t.Error(err)
			}
			total.Add(int64(steps))
		})
	}
	all.Wait()
	known, err := loadMigrations()
	if err != nil || int(total.Load()) != len(known) {
		t.Fatalf("8 migrations together took %d steps, want %d (%v)", total.Load(), len(known), err)
	}
	var conflict *Conflict
	pg.Exec(t, db, `UPDATE schema_versions SET checksum = 'other' WHERE version = 1`)
	if _, err := s.Migrate(patient(t)); !errors.As(err, &conflict) {
		t.Errorf("another program's schema: %v", err)
	}
	pg.Exec(t, db, `INSERT INTO schema_versions VALUES (1000, 'future', 'x')`)
	if _, err := s.Migrate(patient(t)); !errors.As(err, &conflict) {
		t.Errorf("a newer schema: %v", err)
	}
}

func partSameKey(t *testing.T, s *Store, pg *enginetest.Postgres, db string) {
	n := prepare(t, s)
	var made atomic.Int64
	ids := make([]string, 50)
	var all sync.WaitGroup
	for i := range ids {
		all.Go(func() {
			run, created, err := s.CreateRun(patient(t), "one-key", n)
			if err != nil {
				t.Error(err)
				return
			}
			if ids[i] = run.ID; created {
				made.Add(1)
			}
		})
	}
	all.Wait()
	if made.Load() != 1 || len(slices.Compact(slices.Sorted(slices.Values(ids)))) != 1 {
		t.Fatalf("%d answers said created, ids %v", made.Load(), ids)
	}
	if rows := pg.Count(t, db, `SELECT count(*) FROM runs`); rows != 1 {
		t.Fatalf("%d rows", rows)
	}
	n.Parameters = map[string]string{"x": "2"}
	var reused *KeyReused
	if _, _, err := s.CreateRun(patient(t), "one-key", n); !errors.As(err, &reused) {
		t.Fatalf("same key, other body: %v", err)
	}
}

func partPaging(t *testing.T, s *Store, pg *enginetest.Postgres, db string) {
	n := prepare(t, s)
	want := map[string]bool{}
	for i := range 25 {
		run, _, err := s.CreateRun(patient(t), fmt.Sprintf("before-%d", i), n)
		if err != nil {
			t.Fatal(err)
		}
		want[run.ID] = true
	}
	pg.Exec(t, db, `UPDATE runs SET created_at = now()`) // all at one moment: the id must decide
	var at RunPosition
	var last greenlang.Run
	for page := 0; ; page++ {
		runs, err := s.Runs(patient(t), RunFilter{Customer: n.Customer}, at, 4)
		if err != nil {
			t.Fatal(err)
		}
		if len(runs) == 0 {
			break
		}
		for _, r := range runs {
			if last.ID != "" && (r.CreatedAt.After(last.CreatedAt) || r.CreatedAt.Equal(last.CreatedAt) && r.ID >= last.ID) {
				t.Errorf("%s after %s", r.ID, last.ID)
			}
			if !want[r.ID] {
				t.Errorf("%s came twice, or was made after the first page", r.ID)
			}
			delete(want, r.ID)
			last = r
		}
		at = RunPosition{CreatedAt: last.CreatedAt, ID: last.ID}
		if _, _, err := s.CreateRun(patient(t), fmt.Sprintf("while-%d", page), n); err != nil {
			t.Fatal(err)
		}
	}
	if len(want) != 0 {
		t.Errorf("%d runs were never listed", len(want))
	}
}

func partSeed(t *testing.T, s *Store, pg *enginetest.Postgres, db string) {
	ctx, plan := patient(t), SeedPlan{Customers: 50000, Agents: 10000, Seed: 1}
	if _, err := s.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		name, before      string
		customers, agents int64
	}{
		{"empty", `SELECT 1`, 50000, 10000},
		{"all there", `SELECT 1`, 0, 0},
		{"half there", `WITH gone AS (DELETE FROM customers WHERE cell < 6) DELETE FROM agents WHERE lifecycle = 'draft'`, -1, -1},
	} {
		pg.Exec(t, db, step.before)
		missing := Seeded{
			Customers: 50000 - int64(pg.Count(t, db, `SELECT count(*) FROM customers`)),
			Agents:    10000 - int64(pg.Count(t, db, `SELECT count(*) FROM agents`)),
		}
		begin := time.Now()
		done, err := s.Seed(ctx, plan)
		t.Logf("%s: %+v in %s", step.name, done, time.Since(begin).Round(time.Millisecond))
		if err != nil || done != missing || step.customers >= 0 && done != (Seeded{step.customers, step.agents}) {
			t.Fatalf("%s: %+v, %v; missing were %+v", step.name, done, err, missing)
		}
	}
	if n := pg.Count(t, db, `SELECT count(DISTINCT cell) FROM customers`); n != greenlang.Cells {
		t.Errorf("%d cells are used", n)
	}
}

func partLifecycle(t *testing.T, s *Store, _ *enginetest.Postgres, _ string) {
	n, ctx := prepare(t, s), patient(t)
	draft, err := greenlang.NewAgent{Name: "some-reader", Version: "2.0.0", Owner: "team-a"}.Agent(time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second is the same agent again
		if _, _, err := s.CreateAgent(ctx, draft); err != nil {
			t.Fatal(err)
		}
	}
	n.Agent, n.Version = draft.Name, draft.Version
	var conflict *Conflict
	if _, _, err := s.CreateRun(ctx, "draft", n); !errors.As(err, &conflict) {
		t.Errorf("run of a draft: %v", err)
	}
	var illegal *greenlang.IllegalTransition
	if _, err := s.MoveAgent(ctx, n.Agent, n.Version, greenlang.Certified); !errors.As(err, &illegal) {
		t.Errorf("draft to certified: %v", err)
	}
	for _, to := range []greenlang.Lifecycle{greenlang.Experimental, greenlang.Experimental, greenlang.Certified} {
		if a, err := s.MoveAgent(ctx, n.Agent, n.Version, to); err != nil || a.Lifecycle != to {
			t.Fatalf("to %s: %+v, %v", to, a, err)
		}
	}
	first, created, err := s.CreateRun(ctx, "certified", n)
	if err != nil || !created {
		t.Fatalf("run of a certified agent: %v", err)
	}
	if _, err := s.MoveAgent(ctx, n.Agent, n.Version, greenlang.Deprecated); err != nil {
		t.Fatal(err)
	}
	if again, created, err := s.CreateRun(ctx, "certified", n); err != nil || created || again.ID != first.ID {
		t.Errorf("an old key must keep its answer after the agent was deprecated: %+v, %v", again, err)
	}
	if _, _, err := s.CreateRun(ctx, "late", n); !errors.As(err, &conflict) {
		t.Errorf("run of a deprecated agent: %v", err)
	}
}

func partRefusals(t *testing.T, s *Store, _ *enginetest.Postgres, _ string) {
	n, ctx := prepare(t, s), patient(t)
	var missing *NotFound
	nobody, nothing := n, n
	nobody.Customer = greenlang.CustomerID("nobody")
	nothing.Version = "77.0.0"
	if _, _, err := s.CreateRun(ctx, "a", nobody); !errors.As(err, &missing) || missing.Kind != "customer" {
		t.Errorf("unknown customer: %v", err)
	}
	if _, _, err := s.CreateRun(ctx, "a", nothing); !errors.As(err, &missing) || missing.Kind != "agent" {
		t.Errorf("unknown agent: %v", err)
	}
	if _, _, err := s.CreateRun(ctx, "a", n); err != nil {
		t.Errorf("a refused key must still be free: %v", err)
	}
	seen, err := s.LookupRuns(ctx, []string{"b", "a"})
	if err != nil || len(seen) != 2 || seen[0].Count != 0 || seen[1].Count != 1 || len(seen[1].IDs) != 1 {
		t.Errorf("lookup: %+v, %v", seen, err)
	}
}

func TestSeedPlanIsDeterministic(t *testing.T) {
	t.Parallel()
	list := func(p SeedPlan) (out []string) {
		for _, err := range []error{
			p.customers(func(c greenlang.Customer) error { out = append(out, fmt.Sprint(c)); return nil }),
			p.agents(func(a greenlang.Agent) error { out = append(out, fmt.Sprint(a)); return nil }),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
		return out
	}
	one := list(SeedPlan{Customers: 2000, Agents: 1000, Seed: 1})
	if !slices.Equal(one, list(SeedPlan{Customers: 2000, Agents: 1000, Seed: 1})) {
		t.Error("the same plan gave two registries")
	}
	if slices.Equal(one, list(SeedPlan{Customers: 2000, Agents: 1000, Seed: 2})) {
		t.Error("the seed does not count")
	}
	if !slices.Equal(one[:1000], list(SeedPlan{Customers: 1000, Agents: 0, Seed: 1})) {
		t.Error("a larger plan must begin with the smaller one, so that a registry can grow")
	}
}
