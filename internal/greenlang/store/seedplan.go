package store

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/greenlang/fournines/internal/greenlang"
)

// SeedPlan says what a seeded registry holds. The same plan is always the same
// customers and agents, on any machine.
type SeedPlan struct {
	Customers int    // how many customers, at least 0
	Agents    int    // how many agents, at least 0
	Seed      uint64 // which of the possible registries
}

// Check refuses a plan that cannot be made.
func (p SeedPlan) Check() error {
	if p.Customers < 0 || p.Agents < 0 {
		return fmt.Errorf("check seed: %d customers and %d agents: neither may be negative", p.Customers, p.Agents)
	}
	return nil
}

// seedEpoch is the creation time of the first seeded row; the others follow. A
// fixed time, because the plan alone must say what is made.
func seedEpoch() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }

func colours() []string {
	return []string{"amber", "azure", "coral", "ebony", "hazel", "ivory", "jade", "lilac", "ochre", "olive", "pearl", "ruby", "sable", "teal", "umber", "violet"}
}

func places() []string {
	return []string{"harbor", "valley", "summit", "meadow", "canyon", "forest", "island", "bridge", "tower", "garden", "market", "quarry", "lagoon", "prairie", "grove", "delta"}
}

func subjects() []string {
	return []string{"invoice", "contract", "shipment", "ticket", "ledger", "claim", "catalog", "payroll", "forecast", "audit", "permit", "roster"}
}

func tasks() []string {
	return []string{"reader", "writer", "router", "checker", "planner", "matcher", "sorter", "notifier", "auditor", "solver"}
}

// customers yields the plan's customers in order. Plans follow a long tail: most
// customers are free ones, one in fifty is an enterprise.
func (p SeedPlan) customers(yield func(greenlang.Customer) error) error {
	r := rand.New(rand.NewPCG(p.Seed, 1))
	for i := range p.Customers {
		n := greenlang.NewCustomer{
			Tenant:     fmt.Sprintf("%s-%s-%d-%d", pick(r, colours()), pick(r, places()), p.Seed, i),
			Plan:       greenlang.Plans()[weighted(r, 60, 28, 10, 2)],
			HomeRegion: greenlang.HomeRegions()[weighted(r, 50, 30, 20)],
		}
		c, err := n.Customer(seedEpoch().Add(time.Duration(i) * time.Second))
		if err != nil {
			return err
		}
		if err := yield(c); err != nil {
			return err
		}
	}
	return nil
}

// agents yields the plan's agents in order; three in four are certified.
func (p SeedPlan) agents(yield func(greenlang.Agent) error) error {
	r := rand.New(rand.NewPCG(p.Seed, 2))
	for i := range p.Agents {
		n := greenlang.NewAgent{
			Name:    fmt.Sprintf("%s-%s-%d-%d", pick(r, subjects()), pick(r, tasks()), p.Seed, i),
			Version: fmt.Sprintf("%d.%d.%d", 1+r.IntN(4), r.IntN(20), r.IntN(10)),
			Owner:   "team-" + pick(r, subjects()),
		}
		lifecycle := greenlang.Lifecycles()[weighted(r, 5, 15, 75, 5)]
		if lifecycle == greenlang.Draft {
			n.Version += "-rc.1"
		}
		a, err := n.Agent(seedEpoch().Add(time.Duration(i) * time.Second))
		if err != nil {
			return err
		}
		a.Lifecycle = lifecycle
		if err := yield(a); err != nil {
			return err
		}
	}
	return nil
}

func pick(r *rand.Rand, from []string) string { return from[r.IntN(len(from))] }

// weighted returns an index, each as likely as its weight among all.
func weighted(r *rand.Rand, weights ...int) int {
	total := 0
	for _, w := range weights {
		total += w
	}
	n := r.IntN(total)
	for i, w := range weights {
		if n -= w; n < 0 {
			return i
		}
	}
	return len(weights) - 1
}
