//go:build prove

package prove

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/drill"
	"github.com/greenlang/fournines/internal/driver/process"
	"github.com/greenlang/fournines/internal/greenlang"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/platformtest"
)

const (
	liveAgents    = 10_000
	liveCustomers = 50_000
	livePool      = 256 // requests under way, at most

	partner  = "us-west-2"
	lagName  = "fournines_control_loop_lag_seconds"
	lagFloor = 5.0 // seconds
)

// TestLive lets 10,000 agents work for 50,000 customers through the edges of a home region and
// its partner, kills a PostgreSQL primary halfway, and measures what the control plane needs
// (goals: lag ≤ 1 s, server ≤ 1 core and ≤ 500 MiB). It fails where the floor of 5 s does not
// hold, and as a write gap does.
func TestLive(t *testing.T) {
	minutes := time.Duration(number(t, "PROVE_MINUTES", 3)) * time.Minute
	period := time.Duration(number(t, "PROVE_PERIOD", 60)) * time.Second
	k := keep(t, "live")
	o := options(ours)
	o.Args = append(o.Args, "--regions", platformtest.Region+","+partner)
	o.Change = strings.NewReplacer(
		"agents: 10000", "agents: 11500", // one in ten is a draft or deprecated, and may not be run
	).Replace
	r := &region{Platform: platformtest.Start(t, o), t: t, who: ours}
	r.enter()

	run := Run{Who: ours, Kind: "agents live", N: 1, At: time.Now().UTC(), Limit: limit.Seconds()}
	if err := r.live(t.Context(), &run, minutes, period); err != nil {
		run.Error = err.Error()
	}
	k.add(run)
	for _, why := range (Group{Runs: k.runs}).HoldsFloor() {
		t.Error(why)
	}
	l := run.Live
	if l == nil {
		return
	}
	t.Logf("goals: lag ≤ 1 s met: %v; server ≤ 1 core met: %v; ≤ 500 MiB met: %v", l.LagWithin(1), l.ServerCPU <= 100, l.ServerMemory <= 500)
	if !l.LagWithin(lagFloor) {
		t.Errorf("the control loop decided %d times, at most %v s after a change; the floor is %v s", l.Rounds, l.LagMax, lagFloor)
	}
	if l.WrongReads > 0 {
		t.Errorf("%d reads did not show a write that was acknowledged before", l.WrongReads)
	}
}

// live measures one life of the agents.
func (r *region) live(ctx context.Context, run *Run, lasts, period time.Duration) error {
	a, err := r.agents(ctx, period)
	if err != nil {
		return err
	}
	id := control.NewID("prove")
	c := &customers{id: id, new: r.newcomers(id), sessions: &drill.Load{
		Writer: a, Prefix: id, Every: livePool * a.slot, Limit: 20 * time.Second, Worker: livePool,
	}}
	c.sessions.Start(context.WithoutCancel(ctx))
	c.new.Start(context.WithoutCancel(ctx))
	defer c.leave()
	if err := c.served(ctx, steady, time.Time{}); err != nil {
		return err
	}
	before, err := r.look(ctx)
	if err != nil {
		return err
	}
	if err := until(ctx, before.at.Add(lasts/2)); err != nil {
		return err
	}
	at, err := r.hit(ctx, strikes()[0], c, run)
	if err != nil {
		return err
	}
	if err := until(ctx, before.at.Add(lasts)); err != nil {
		return err
	}
	after, err := r.look(ctx)
	if err != nil {
		return err
	}
	c.leave()
	run.Live = a.account(before, after)
	if run.Live.ServerMemory, err = peak(after.server); err != nil {
		return err
	}
	run.CPU = run.Live.ServerCPU
	if run.Memory, err = memoryOf(after.server); err != nil {
		return err
	}
	return r.account(ctx, c, run, at)
}

// glance is what everybody has used so far.
type glance struct {
	at              time.Time
	server          process.Process
	metrics         Metrics
	own, edges, all float64 // processor time of the server, the edges and everybody, in seconds
}

func (r *region) look(ctx context.Context) (g glance, err error) {
	if g.server, err = r.main(place.Server); err != nil {
		return g, err
	}
	home, err1 := r.main(place.Cluster(platformtest.Region, place.Edge))
	other, err2 := r.main(place.Cluster(partner, place.Edge))
	if err := errors.Join(err1, err2); err != nil {
		return g, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+r.Listen+"/metrics", nil)
	if err != nil {
		return g, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return g, err
	}
	defer res.Body.Close() //nolint:errcheck // only read
	if g.metrics, err = ReadMetrics(res.Body); err != nil {
		return g, err
	}
	g.at = time.Now()
	var errs [3]error
	g.own, errs[0] = cpuOf(g.server)
	g.edges, errs[1] = cpuOf(home, other)
	g.all, errs[2] = r.cpu()
	return g, errors.Join(errs[:]...)
}

// peak returns the largest resident set that a process had, in MiB.
func peak(p process.Process) (float64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.PID))
	if err != nil {
		return 0, fmt.Errorf("read memory of pid %d: %w", p.PID, err)
	}
	_, rest, _ := strings.Cut(string(b), "\nVmHWM:")
	kib, err := strconv.ParseFloat(strings.Fields(rest + " -")[0], 64)
	if err != nil {
		return 0, fmt.Errorf("read memory of pid %d: %w", p.PID, err)
	}
	return kib / 1024, nil
}

// agents is the load: each agent creates a run once a period, in turn for each of its customers,
// through the edge of one region, and reads it through that of the other.
type agents struct {
	edges     [2]*greenlang.Client
	agents    []greenlang.NewAgent
	customers []string
	slot      time.Duration // from one agent to the next

	mu                     sync.Mutex // guards what follows
	took                   []float64  // of writes that were acknowledged, in seconds
	read, failedRead, lost int
}

// agents reads who may be run, and for whom, from the registry's own tables.
func (r *region) agents(ctx context.Context, period time.Duration) (*agents, error) {
	a := &agents{slot: period / liveAgents}
	token := ""
	if netns() {
		token = r.secrets.App
	}
	for i, name := range []string{platformtest.Region, partner} {
		a.edges[i] = greenlang.NewClient("http://"+r.layout.EdgeAddress(name, place.Edge), token)
	}
	config, err := pgx.ParseConfig("postgres://" + r.layout.EdgeAddress(platformtest.Region, place.Postgres) + "/greenlang?sslmode=disable&application_name=prove")
	if err != nil {
		return nil, err
	}
	config.User, config.Password = place.GreenLang, r.secrets.GreenLang
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("read registry: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // everything is read
	rows, _ := conn.Query(ctx, `SELECT name, version, owner FROM agents WHERE lifecycle IN ('experimental', 'certified') ORDER BY md5(name) LIMIT $1`, liveAgents)
	a.agents, err = pgx.CollectRows(rows, pgx.RowToStructByPos[greenlang.NewAgent])
	if err != nil {
		return nil, fmt.Errorf("read agents: %w", err)
	}
	rows, _ = conn.Query(ctx, `SELECT id FROM customers ORDER BY md5(id) LIMIT $1`, liveCustomers)
	if a.customers, err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil {
		return nil, fmt.Errorf("read customers: %w", err)
	}
	if len(a.agents) < liveAgents || len(a.customers) < liveCustomers {
		return nil, fmt.Errorf("the registry has %d agents that may be run and %d customers, %d and %d are needed", len(a.agents), len(a.customers), liveAgents, liveCustomers)
	}
	return a, nil
}

// Write implements drill.Writer. The workers tick together: each waits for its slot, and
// somewhere within it.
func (a *agents) Write(ctx context.Context, key string) error {
	parts := strings.Split(key, "-") // PREFIX-WORKER-NUMBER
	worker, err1 := strconv.Atoi(parts[len(parts)-2])
	number, err2 := strconv.Atoi(parts[len(parts)-1])
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	if err := until(ctx, time.Now().Add(time.Duration(worker)*a.slot+rand.N(a.slot))); err != nil {
		return err
	}
	n := number*livePool + worker
	agent, customer := a.agents[n%len(a.agents)], a.customers[n%len(a.customers)]
	began := time.Now()
	_, _, err := a.edges[n%2].CreateRun(ctx, key, greenlang.NewRun{Customer: customer, Agent: agent.Name, Version: agent.Version})
	if err != nil {
		return err
	}
	took := time.Since(began).Seconds()
	seen, err := a.edges[1-n%2].As(customer).LookupRuns(ctx, []string{key})
	a.mu.Lock()
	defer a.mu.Unlock()
	a.took = append(a.took, took)
	switch {
	case err != nil:
		a.failedRead++
	case len(seen) != 1 || seen[0].Count != 1:
		a.lost++
	default:
		a.read++
	}
	return nil
}

// Count implements drill.Writer.
func (a *agents) Count(ctx context.Context, keys []string) (map[string]int, error) {
	seen, err := a.edges[0].As(a.customers[0]).LookupRuns(ctx, keys)
	out := make(map[string]int, len(seen))
	for _, s := range seen {
		out[s.Key] = s.Count
	}
	return out, err
}

// account returns what was seen between two glances.
func (a *agents) account(before, after glance) *Live {
	a.mu.Lock()
	defer a.mu.Unlock()
	lasted := after.at.Sub(before.at).Seconds()
	share := func(from, to float64) float64 { return (to - from) / lasted * 100 }
	lag := func(q float64) float64 {
		if v := after.metrics.HistogramQuantile(lagName, before.metrics, q); !math.IsInf(v, 1) {
			return v
		}
		return -1 // JSON knows no infinity
	}
	return &Live{
		Agents: len(a.agents), Customers: min(len(a.customers), len(a.took)), Seconds: lasted,
		Reads: a.read + a.lost, FailedReads: a.failedRead, WrongReads: a.lost,
		WriteP50: Quantile(a.took, 0.5), WriteP99: Quantile(a.took, 0.99), WriteMax: slices.Max(a.took),
		Rounds: int(after.metrics[lagName+"_count"] - before.metrics[lagName+"_count"]), LagP50: lag(0.5), LagP99: lag(0.99), LagMax: lag(1),
		ServerCPU: share(before.own, after.own), EdgeCPU: share(before.edges, after.edges), AllCPU: share(before.all, after.all),
		Entries: int(after.metrics["fournines_journal_entries"] - before.metrics["fournines_journal_entries"]),
	}
}
