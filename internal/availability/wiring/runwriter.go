package wiring

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/greenlang/fournines/internal/greenlang"
)

// runWriter writes runs to the application through the edge, the way customers do:
// one attempt a call, over the customers of every cell of a home.
type runWriter struct {
	client *greenlang.Client
	mine   func(customer string) bool // whether it belongs to the home

	mu        sync.Mutex // guards what follows
	customers []greenlang.Customer
	agents    []greenlang.Agent
}

func newRunWriter(dial greenlang.Dial, base, token string, mine func(customer string) bool) *runWriter {
	return &runWriter{client: greenlang.NewClientVia(dial, base, token), mine: mine}
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
		customers = slices.DeleteFunc(customers, func(c greenlang.Customer) bool { return !w.mine(c.ID) })
		if len(customers) == 0 || len(agents) == 0 {
			return greenlang.Customer{}, greenlang.Agent{}, fmt.Errorf("the registry has %d customers of this home and %d certified agents: seed it first", len(customers), len(agents))
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
	c, _, err := w.pick(ctx)
	if err != nil {
		return nil, err
	}
	sightings, err := w.client.As(c.ID).LookupRuns(ctx, keys)
	out := make(map[string]int, len(sightings))
	for _, s := range sightings {
		if s.Count > 0 {
			out[s.Key] = s.Count
		}
	}
	return out, err
}
