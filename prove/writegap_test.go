//go:build prove

package prove

import (
	"testing"
)

// TestWriteGap breaks the primary in every way and measures what clients see (rows
// 7.1.4, 7.1.8, 7.1.10). It fails where the seed's bound does not hold or a write is
// lost or doubled; the goals are reported only.
func TestWriteGap(t *testing.T) {
	runs, k := number(t, "PROVE_RUNS", 30), keep(t, "write-gap")
	r := start(t, ours)
	for _, s := range strikes() {
		if !chosen(t, "PROVE_KINDS", s.kind) {
			continue
		}
		for n := range runs {
			k.add(r.strike(t.Context(), s, n+1))
		}
	}
	for _, g := range Groups(k.runs) {
		for _, why := range g.HoldsFloor() {
			t.Errorf("%s: %s", g.Kind, why)
		}
		gaps := g.Values(Run.WorstGap)
		t.Logf("%s: n %d, median %.2f s, p95 %.2f s, max %.2f s; the goals (p95 ≤ %.0f s, max ≤ %.0f s) are met: %v",
			g.Kind, len(gaps), Quantile(gaps, 0.5), Quantile(gaps, 0.95), Quantile(gaps, 1), GoalP95, GoalMax, g.MeetsGoals())
	}
}
