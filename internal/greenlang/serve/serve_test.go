package serve

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/greenlang"
	"github.com/greenlang/fournines/internal/greenlang/cache"
	"github.com/greenlang/fournines/internal/greenlang/enginetest"
	"github.com/greenlang/fournines/internal/greenlang/store"
)

// instance is a running server with engines of its own.
type instance struct {
	pg     *enginetest.Postgres
	redis  *enginetest.Redis
	url    string
	client *greenlang.Client
	stop   context.CancelFunc
	ended  chan error
	run    greenlang.NewRun
}

func begin(t *testing.T, unproved string) *instance {
	t.Helper()
	i := &instance{pg: enginetest.StartPostgres(t, unproved), redis: enginetest.StartRedis(t, unproved), ended: make(chan error, 1)}
	o := Options{Listen: "127.0.0.1:0", Zone: "a", Version: "1.2.3", AllowMisbehave: true, DrainDelay: 300 * time.Millisecond,
		Deadline: 20 * time.Second, Postgres: store.Options{Address: i.pg.Address}, Redis: cache.Options{Address: i.redis.Address}}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", o.Listen)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	go func() { i.ended <- s.Serve(ctx, l); close(i.ended) }()
	t.Cleanup(func() { cancel(); <-i.ended; s.Close() })
	i.url, i.stop = "http://"+l.Addr().String(), cancel
	i.client = greenlang.NewClient(i.url, "")
	t.Cleanup(i.client.Close)
	if _, err := s.store.Migrate(patient(t)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.store.Seed(patient(t), store.SeedPlan{Customers: 300, Agents: 50, Seed: 1}); err != nil {
		t.Fatal(err)
	}
	i.run = i.pickRun(t)
	return i
}

func (i *instance) pickRun(t *testing.T) greenlang.NewRun {
	t.Helper()
	customers, err := i.client.Customers(patient(t), 1000)
	if err != nil || len(customers) != greenlang.MaxPage {
		t.Fatalf("%d customers, %v: want %d, coerced", len(customers), err, greenlang.MaxPage)
	}
	agents, err := i.client.Agents(patient(t), greenlang.Certified, 1)
	if err != nil || len(agents) != 1 {
		t.Fatalf("agents: %v, %v", agents, err)
	}
	return greenlang.NewRun{Customer: customers[0].ID, Agent: agents[0].Name, Version: agents[0].Version}
}

func patient(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// get returns the status and body of one request, given as "METHOD PATH".
func (i *instance) get(t *testing.T, what, body string) (int, string) {
	t.Helper()
	method, path, _ := strings.Cut(what, " ")
	req, err := http.NewRequestWithContext(patient(t), method, i.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if res.Header.Get("X-Zone") != "a" || res.Header.Get("X-Version") != "1.2.3" {
		t.Errorf("%s: headers do not say who answered: %v", what, res.Header)
	}
	if res.StatusCode >= 400 && !strings.HasPrefix(path, "/readyz") && !strings.HasPrefix(res.Header.Get("Content-Type"), "application/problem+json") && res.StatusCode != http.StatusNotFound {
		t.Errorf("%s: %d is no problem document: %s", what, res.StatusCode, b)
	}
	return res.StatusCode, string(b)
}

func TestInstance(t *testing.T) {
	t.Parallel()
	i := begin(t, "the API on real engines")
	t.Run("same key at once", i.sameKey)
	t.Run("statuses", i.statuses)
	t.Run("canary", i.canary)
	t.Run("paging", i.paging)
	t.Run("misbehaviour", i.misbehaves)
	t.Run("redis dead", i.redisDead)
	t.Run("postgres dead", i.postgresDead)
	t.Run("end", i.endsInOrder)
}

func (i *instance) sameKey(t *testing.T) {
	var all sync.WaitGroup
	var mu sync.Mutex
	ids, made := map[string]bool{}, 0
	for range 50 {
		all.Go(func() {
			run, created, err := i.client.CreateRun(patient(t), "same", i.run)
			mu.Lock()
			defer mu.Unlock()
			if ids[run.ID] = true; created {
				made++
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	seen, err := i.client.LookupRuns(patient(t), []string{"same", "never"})
	if err != nil || made != 1 || len(ids) != 1 || seen[0].Count != 1 || !ids[seen[0].IDs[0]] || seen[1].Count != 0 {
		t.Fatalf("made %d, ids %v, seen %+v, %v", made, ids, seen, err)
	}
	other := i.run
	other.Parameters = map[string]string{"other": "body"}
	var p *greenlang.Problem
	if _, _, err := i.client.CreateRun(patient(t), "same", other); !errors.As(err, &p) || p.Status != 422 || !strings.HasSuffix(p.Type, "idempotency-conflict") {
		t.Fatalf("same key, other body: %v", err)
	}
}

// A prober reads what it has committed, for each cell apart.
func (i *instance) canary(t *testing.T) {
	ask := func(method, path, cell string) string {
		req, err := http.NewRequestWithContext(patient(t), method, i.url+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Cell", cell)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(res.StatusCode) + " " + string(b)
	}
	never := ask("GET", "/readyz/read", "3")
	wrote := ask("PUT", "/readyz/write", "3")
	if read := ask("GET", "/readyz/read", "3"); read != wrote || read == never || !strings.HasPrefix(read, "200 ") {
		t.Errorf("before %s, wrote %s, read %s", never, wrote, read)
	}
	if other := ask("GET", "/readyz/read", "4"); other != never {
		t.Errorf("another cell reads %s", other)
	}
	if bad := ask("PUT", "/readyz/write", "12"); !strings.HasPrefix(bad, "422 ") {
		t.Errorf("a cell that is none: %s", bad)
	}
}

func (i *instance) statuses(t *testing.T) {
	unknown := greenlang.CustomerID("nobody")
	for _, c := range []struct {
		what, body string
		status     int
	}{
		{"GET /v1/customers/" + i.run.Customer, "", 200},
		{"GET /v1/customers/" + i.run.Customer, "", 200}, // from the cache
		{"GET /v1/customers/" + i.run.Customer + "/rate", "", 200},
		{"GET /v1/customers/" + unknown, "", 404},
		{"GET /v1/customers/" + unknown, "", 404}, // from the cache
		{"GET /v1/customers/x", "", 422},
		{"POST /v1/customers", `{"tenant":"nobody","plan":"free","home_region":"eu-west-1"}`, 201},
		{"GET /v1/customers/" + unknown, "", 200}, // no longer remembered as absent
		{"POST /v1/customers", `{"tenant":"nobody","plan":"free","home_region":"eu-west-1"}`, 200},
		{"POST /v1/customers", `{"tenant":"nobody","plan":"team","home_region":"eu-west-1"}`, 409},
		{"POST /v1/customers", `{"tenant":"x y","plan":"free","home_region":"eu-west-1"}`, 422},
		{"POST /v1/agents", `{"name":"a-b","version":"1.0","owner":"team-a"}`, 422},
		{"POST /v1/agents", `{"name":"a-b","version":"1.0.0","owner":"team-a"}`, 201},
		{"GET /v1/agents/a-b", "", 200},
		{"GET /v1/agents/a-b/versions/1.0.0", "", 200},
		{"GET /v1/agents/a-b/versions/1.0.1", "", 404},
		{"POST /v1/agents/a-b/versions/1.0.0/transitions", `{"to":"certified"}`, 409},
		{"POST /v1/agents/a-b/versions/1.0.0/transitions", `{"to":"experimental"}`, 200},
		{"POST /v1/runs", `{"customer":"` + unknown + `","agent":"a-b","version":"1.0.0"}`, 422}, // no key
		{"GET /v1/runs/not-a-uuid", "", 422},
		{"GET /v1/runs?cursor=AAAA", "", 422},
		{"GET /openapi.json", "", 200}, {"GET /livez", "", 200}, {"GET /metrics", "", 200},
	} {
		if status, body := i.get(t, c.what, c.body); status != c.status {
			t.Errorf("%s %s: %d, want %d: %.300s", c.what, c.body, status, c.status, body)
		}
	}
	_, agent := i.get(t, "GET /v1/agents/a-b/versions/1.0.0", "")
	if !strings.Contains(agent, `"experimental"`) {
		t.Errorf("a cached agent outlived its transition: %s", agent)
	}
	_, text := i.get(t, "GET /metrics", "")
	for _, line := range []string{`greenlang_cache_lookups_total{kind="customer",result="hit"`, `result="absent"`, `route="POST /v1/customers"`} {
		if !strings.Contains(text, line) {
			t.Errorf("metrics lack %s", line)
		}
	}
}

func (i *instance) paging(t *testing.T) {
	for n := range 5 {
		if _, _, err := i.client.CreateRun(patient(t), fmt.Sprintf("page-%d", n), i.run); err != nil {
			t.Fatal(err)
		}
	}
	_, first := i.get(t, "GET /v1/runs?limit=2&customer="+i.run.Customer, "")
	_, rest, found := strings.Cut(first, `"next":"`)
	next, _, _ := strings.Cut(rest, `"`)
	if !found {
		t.Fatalf("no cursor in %s", first)
	}
	for query, want := range map[string]int{
		"cursor=" + next + "&limit=2&customer=" + i.run.Customer:                    200,
		"cursor=" + next + "&limit=2":                                               422, // other filter
		"cursor=" + next[:len(next)-1] + "&customer=" + i.run.Customer:              422,
		"cursor=" + next + "&since=2026-01-01T00:00:00Z&customer=" + i.run.Customer: 422,
		"limit=-1": 422,
	} {
		if status, body := i.get(t, "GET /v1/runs?"+query, ""); status != want {
			t.Errorf("%s: %d, want %d: %.200s", query, status, want, body)
		}
	}
}

func (i *instance) misbehaves(t *testing.T) {
	lease := fmt.Sprintf(`{"error_rate":1,"until":%q}`, time.Now().Add(time.Second).Format(time.RFC3339Nano))
	if status, body := i.get(t, "PUT /debug/misbehave", lease); status != 200 {
		t.Fatalf("%d %s", status, body)
	}
	if status, _ := i.get(t, "PUT /debug/misbehave", `{"hang":true}`); status != 422 {
		t.Errorf("a lease without an end: %d", status)
	}
	enginetest.Await(t, "the lease has ended by itself", func() error {
		if status, body := i.get(t, "GET /v1/runs?limit=1", ""); status != 200 {
			return fmt.Errorf("%d %s", status, body)
		}
		return nil
	})
	if status, _ := i.get(t, "GET /debug/misbehave", ""); status != 404 {
		t.Errorf("the lease is still there: %d", status)
	}
}

func (i *instance) redisDead(t *testing.T) {
	i.redis.Kill()
	for n := range 20 { // more than the breaker needs
		if _, created, err := i.client.CreateRun(patient(t), fmt.Sprintf("no-redis-%d", n), i.run); err != nil || !created {
			t.Fatalf("a write without redis: %v", err)
		}
	}
	if status, body := i.get(t, "GET /v1/customers/"+i.run.Customer, ""); status != 200 {
		t.Errorf("a read without redis: %d %s", status, body)
	}
	i.awaitState(t, Redis, stateDown)
	i.redis.Start(t)
	i.awaitState(t, Redis, stateUp)
}

func (i *instance) postgresDead(t *testing.T) {
	i.get(t, "GET /v1/customers/"+i.run.Customer, "") // into the cache
	i.pg.Kill()
	r := i.awaitState(t, Postgres, stateDown)
	if !r.Ready || r.Own != "ok" {
		t.Errorf("a dependency's trouble made it unready: %+v", r)
	}
	if status, body := i.get(t, "GET /v1/customers/"+i.run.Customer, ""); status != 200 {
		t.Errorf("a cached read without postgres: %d %s", status, body)
	}
	answer := make(chan error, 1)
	go func() { // begins while it is dead, and is answered when it is back
		_, _, err := i.client.CreateRun(patient(t), "across", i.run)
		answer <- err
	}()
	i.pg.Start(t)
	if err := <-answer; err != nil {
		t.Errorf("a write across the failure: %v", err)
	}
}

func (i *instance) awaitState(t *testing.T, dependency, state string) (r greenlang.Readiness) {
	t.Helper()
	enginetest.Await(t, dependency+" is seen "+state, func() (err error) {
		if r, err = i.client.Ready(patient(t)); err == nil && r.Dependencies[dependency].State != state {
			err = fmt.Errorf("%+v", r)
		}
		return err
	})
	return r
}

func (i *instance) endsInOrder(t *testing.T) {
	lease := fmt.Sprintf(`{"latency_ms":1500,"until":%q}`, time.Now().Add(time.Minute).Format(time.RFC3339Nano))
	if status, body := i.get(t, "PUT /debug/misbehave", lease); status != 200 {
		t.Fatalf("%d %s", status, body)
	}
	flight := make(chan error, 1)
	go func() {
		_, _, err := i.client.CreateRun(patient(t), "in-flight", i.run)
		flight <- err
	}()
	i.stop()
	unready := false
	enginetest.Await(t, "it has ended", func() error {
		if r, err := i.client.Ready(patient(t)); err == nil && r.Own == "draining" && !r.Ready {
			unready = true
		}
		select {
		case err := <-i.ended:
			if err != nil {
				t.Errorf("end: %v", err)
			}
			return nil
		default:
			return errors.New("still serving")
		}
	})
	if err := <-flight; err != nil {
		t.Errorf("the request in flight: %v", err)
	}
	if !unready {
		t.Error("readiness did not fail before the end")
	}
}
