package app

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"

	"github.com/greenlang/fournines/internal/greenlang"
)

// runWriter writes runs to the application through the edge, the way customers do:
// one attempt a call, over customers of every cell.
type runWriter struct {
	client *greenlang.Client

	mu        sync.Mutex // guards what follows
	customers []greenlang.Customer
	agents    []greenlang.Agent
}

func newRunWriter(dial greenlang.Dial, base, token string) *runWriter {
	return &runWriter{client: greenlang.NewClientVia(dial, base, token)}
}

// pick returns a customer and an agent that may be run; the lists are read once.
func (w *runWriter) pick(ctx context.Context) (greenlang.Customer, greenlang.Agent, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.agents) == 0 {
		customers, err1 := w.client.Customers(ctx, greenlang.MaxPage)
		agents, err2 := w.client.Agents(ctx, greenlang.Certified, greenlang.MaxPage)
		if err := errors.Join(err1, err2); err != nil {
			return greenlang.Customer{}, greenlang.Agent{}, err
		}
		if len(customers) == 0 || len(agents) == 0 {
			return greenlang.Customer{}, greenlang.Agent{}, fmt.Errorf("the registry has %d customers and %d certified agents: seed it first", len(customers), len(agents))
		}
		w.customers, w.agents = customers, agents
	}
	return w.customers[rand.IntN(len(w.customers))], w.agents[rand.IntN(len(w.agents))], nil
}

// Write implements drill.Writer.
func (w *runWriter) Write(ctx context.Context, key string) error {
	c, a, err := w.pick(ctx)
	if err != nil {
		return err
	}
	_, _, err = w.client.CreateRun(ctx, key, greenlang.NewRun{Customer: c.ID, Agent: a.Name, Version: a.Version})
	return err
}

// Count implements drill.Writer.
func (w *runWriter) Count(ctx context.Context, keys []string) (map[string]int, error) {
	sightings, err := w.client.LookupRuns(ctx, keys)
	out := make(map[string]int, len(sightings))
	for _, s := range sightings {
		if s.Count > 0 {
			out[s.Key] = s.Count
		}
	}
	return out, err
}
