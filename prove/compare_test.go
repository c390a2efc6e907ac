//go:build prove

package prove

import (
	"testing"
)

// TestPatroniAlone measures the peer: the same region and faults with the accelerated
// failover switched off. Only lost writes fail it; that it is slow, or never recovers
// from a hung postmaster, is what is to be seen.
func TestPatroniAlone(t *testing.T) {
	runs, k := number(t, "PROVE_PEER_RUNS", 5), keep(t, "patroni-alone")
	r := start(t, alone)
	for _, s := range peerStrikes() {
		if !chosen(t, "PROVE_KINDS", s.kind) {
			continue
		}
		for n := range runs {
			k.add(r.strike(t.Context(), s, n+1))
		}
	}
	nothingLost(t, k.runs)
}

// TestCompare measures ours and the peer alternately in one invocation: for each kind of
// fault first one region is up, then the other, never both.
func TestCompare(t *testing.T) {
	runs, k := number(t, "PROVE_PEER_RUNS", 5), keep(t, "compare")
	regions := []*region{prepared(t, ours), prepared(t, alone)}
	for _, s := range peerStrikes() {
		if !chosen(t, "PROVE_KINDS", s.kind) {
			continue
		}
		for _, r := range regions {
			t.Run(r.who+" "+s.kind, func(t *testing.T) {
				r := r.in(t)
				t.Cleanup(r.Down)
				r.up()
				for n := range runs {
					k.add(r.strike(t.Context(), s, n+1))
				}
			})
		}
	}
	nothingLost(t, k.runs)
	t.Logf("\n%s", Ratios(k.runs, ours, alone))
}

// in returns the region for a subtest.
func (r *region) in(t *testing.T) *region {
	q := *r
	q.Platform, q.t = r.Platform.In(t), t
	return &q
}

func nothingLost(t *testing.T, runs []Run) {
	t.Helper()
	for _, g := range Groups(runs) {
		if n := g.Sum(func(r Run) int { return r.Lost + r.Doubled }); n > 0 || g.Broken() > 0 {
			t.Errorf("%s %s: %d writes lost or doubled, %d runs broke off", g.Who, g.Kind, n, g.Broken())
		}
	}
}
