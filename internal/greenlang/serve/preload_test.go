package serve

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/greenlang"
	"github.com/greenlang/fournines/internal/greenlang/store"
)

// TestPreload fills a cold Redis with what was run, and measures what customers find in
// their first seconds (GREENLANG_PRELOAD_SECONDS, 2 by default) with it and without.
func TestPreload(t *testing.T) {
	t.Parallel()
	i := begin(t, "that a cold cache is filled before customers come")
	seconds, err := strconv.Atoi(os.Getenv("GREENLANG_PRELOAD_SECONDS"))
	if err != nil {
		seconds = 2
	}
	s, err := store.Open(store.Options{Address: i.pg.Address})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Seed(patient(t), store.SeedPlan{Customers: 5000, Agents: 50, Seed: 1}); err != nil {
		t.Fatal(err)
	}
	customers := i.everyone(t)
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for n := range 250 { // who runs is who reads: a few often, many seldom
				run := i.run
				run.Customer = customers[skewed(len(customers))]
				if _, _, err := i.client.CreateRun(patient(t), fmt.Sprintf("run-%d-%d", w, n), run); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	cold := i.hitRatio(t, customers, seconds)
	i.forgetAll(t) // as cold as the partner's Redis
	var p greenlang.Preloaded
	for ctx := patient(t); ; { // the time that it has may be too short on a busy machine: a repeat fills again
		p = greenlang.Preloaded{}
		status, text := i.get(t, "PUT /readyz/preload", "")
		if err := json.Unmarshal([]byte(text), &p); err != nil || status != http.StatusOK {
			t.Fatalf("%d %s", status, text)
		}
		if p.Error == "" || ctx.Err() != nil {
			break
		}
		t.Logf("cut short: %s", p.Error)
	}
	if p.Customers < 100 || p.Agents != 1 || p.Entries != p.Customers+p.Agents || p.Error != "" {
		t.Fatalf("%+v", p)
	}
	warm := i.hitRatio(t, customers, seconds)
	t.Logf("first %d s: hit ratio %.4f cold, %.4f preloaded (%d entries in %.3f s)", seconds, cold, warm, p.Entries, p.Seconds)
	if warm <= cold {
		t.Errorf("hit ratio %.4f after a preload, %.4f without", warm, cold)
	}
	i.redis.Kill() // away: the preload says so in time, and fails nothing
	if status, text := i.get(t, "PUT /readyz/preload", ""); status != http.StatusOK || json.Unmarshal([]byte(text), &p) != nil || p.Error == "" {
		t.Errorf("with Redis away: %d %s", status, text)
	}
}

// forgetAll empties Redis.
func (i *instance) forgetAll(t *testing.T) {
	t.Helper()
	c, err := net.DialTimeout("tcp", i.redis.Address, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	answer := make([]byte, 5)
	if _, err = c.Write([]byte("FLUSHALL\r\n")); err == nil {
		_, err = io.ReadFull(c, answer)
	}
	if err != nil || string(answer) != "+OK\r\n" {
		t.Fatalf("empty redis: %q %v", answer, err)
	}
}

// skewed returns an index that is small more often than large.
func skewed(n int) int { return int(float64(n) * rand.Float64() * rand.Float64() * rand.Float64()) }

func (i *instance) everyone(t *testing.T) (out []string) {
	t.Helper()
	for cursor := ""; ; {
		status, text := i.get(t, "GET /v1/customers?limit=100&cursor="+cursor, "")
		var page struct {
			Items []greenlang.Customer `json:"items"`
			Next  string               `json:"next"`
		}
		if err := json.Unmarshal([]byte(text), &page); err != nil || status != http.StatusOK {
			t.Fatalf("%d %s", status, text)
		}
		for _, c := range page.Items {
			out = append(out, c.ID)
		}
		if cursor = page.Next; cursor == "" {
			return out
		}
	}
}

// hitRatio lets customers read for some seconds, 25 times a second each of eight, and
// returns the share of reads that Redis answered.
func (i *instance) hitRatio(t *testing.T, customers []string, seconds int) float64 {
	t.Helper()
	before := i.lookups(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(seconds)*time.Second)
	defer cancel()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			tick := time.NewTicker(40 * time.Millisecond)
			defer tick.Stop()
			for {
				select {
				case <-ctx.Done():
					return
				case <-tick.C:
					i.get(t, "GET /v1/customers/"+customers[skewed(len(customers))], "")
				}
			}
		})
	}
	wg.Wait()
	after := i.lookups(t)
	hits, all := after["hit"]-before["hit"], 0.0
	for result := range after {
		all += after[result] - before[result]
	}
	return hits / max(all, 1)
}

// lookups reads the counters of the cache of customers.
func (i *instance) lookups(t *testing.T) map[string]float64 {
	t.Helper()
	_, text := i.get(t, "GET /metrics", "")
	out := map[string]float64{}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "greenlang_cache_lookups_total{") && strings.Contains(line, `kind="customer"`) {
			_, rest, _ := strings.Cut(line, `result="`)
			result, _, _ := strings.Cut(rest, `"`)
			fields := strings.Fields(line)
			n, err := strconv.ParseFloat(fields[len(fields)-1], 64)
			if err != nil {
				t.Fatal(err)
			}
			out[result] = n
		}
	}
	return out
}

// What ends early has the hottest of both kinds.
func TestItemsTakeTurns(t *testing.T) {
	t.Parallel()
	hot := store.Hot{Customers: []greenlang.Customer{{ID: "c1"}, {ID: "c2"}}, Agents: []greenlang.Agent{{NewAgent: greenlang.NewAgent{Name: "a", Version: "1"}}}}
	var keys []string
	for _, i := range itemsOf(hot) {
		keys = append(keys, i.Key)
	}
	if want := fmt.Sprint([]string{"gl:customer:c1", AgentVersion{"a", "1"}.key(), "gl:customer:c2"}); fmt.Sprint(keys) != want {
		t.Errorf("%v, want %s", keys, want)
	}
}
