package prove

import (
	"math"
	"slices"
)

// The bounds and goals of the issue, in seconds.
const (
	Floor   = 30.0 // the seed's: every gap is shorter
	GoalP95 = 3.0
	GoalMax = 8.0
)

// Quantile returns the smallest value that at least the share q of the values does not
// exceed (nearest rank): a value that was measured, never one between two. 0 without values.
func Quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	return sorted[min(max(int(math.Ceil(q*float64(len(sorted))))-1, 0), len(sorted)-1)]
}

// Group is all runs of one proof, one subject and one kind, in the order in which they came.
type Group struct {
	Proof, Who, Kind string
	Runs             []Run
}

// Groups sorts runs into groups; the order is that of their first runs.
func Groups(runs []Run) []Group {
	var out []Group
	for _, r := range runs {
		i := slices.IndexFunc(out, func(g Group) bool { return g.Proof == r.Proof && g.Who == r.Who && g.Kind == r.Kind })
		if i < 0 {
			i = len(out)
			out = append(out, Group{Proof: r.Proof, Who: r.Who, Kind: r.Kind})
		}
		out[i].Runs = append(out[i].Runs, r)
	}
	return out
}

// Values returns one figure of every run that has it.
func (g Group) Values(of func(Run) float64) []float64 {
	var out []float64
	for _, r := range g.Runs {
		if v := of(r); v > 0 {
			out = append(out, v)
		}
	}
	return out
}

// Sum adds one count over all runs.
func (g Group) Sum(of func(Run) int) int {
	n := 0
	for _, r := range g.Runs {
		n += of(r)
	}
	return n
}

// Open returns how many runs were ended by their limit.
func (g Group) Open() int {
	return g.Sum(func(r Run) int {
		if r.Open {
			return 1
		}
		return 0
	})
}

// Broken returns how many runs broke off.
func (g Group) Broken() int {
	return g.Sum(func(r Run) int {
		if r.Error != "" {
			return 1
		}
		return 0
	})
}

// HoldsFloor says why the runs do not hold the floor; nothing when they do. Without a
// run that was carried to its end nothing is proved.
func (g Group) HoldsFloor() []string {
	var why []string
	if len(g.Values(Run.WorstGap)) < len(g.Runs) || len(g.Runs) == 0 {
		why = append(why, "not every run has a gap measured")
	}
	if g.Broken() > 0 {
		why = append(why, "a run broke off")
	}
	if g.Open() > 0 {
		why = append(why, "nobody took over within the limit")
	}
	if Quantile(g.Values(Run.WorstGap), 1) >= Floor {
		why = append(why, "a gap reaches 30 s")
	}
	if g.Sum(func(r Run) int { return r.Lost }) > 0 {
		why = append(why, "acknowledged writes are lost")
	}
	if g.Sum(func(r Run) int { return r.Doubled }) > 0 {
		why = append(why, "writes are doubled")
	}
	return why
}

// MeetsGoals tells whether the gaps meet the goals: p95 at most 3 s, none above 8 s.
func (g Group) MeetsGoals() bool {
	gaps := g.Values(Run.WorstGap)
	return len(gaps) > 0 && Quantile(gaps, 0.95) <= GoalP95 && Quantile(gaps, 1) <= GoalMax && g.Open() == 0
}
