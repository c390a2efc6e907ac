package prove

import (
	"fmt"
	"strings"
)

// Table renders runs as Markdown tables, one for each proof, the way
// docs/reference/measurements.md shows them.
func Table(runs []Run) string {
	var out strings.Builder
	proof := ""
	for _, g := range Groups(runs) {
		if g.Proof != proof {
			proof = g.Proof
			fmt.Fprintf(&out, "\n%s (%s)\n\n%s\n", proof, g.Runs[0].At.UTC().Format("2006-01-02"), heads(proof))
		}
		fmt.Fprintln(&out, row(g))
	}
	return out.String()
}

func heads(proof string) string {
	cells := "who | what | n | gap p50 s | p95 | max | new connections p50 s | p95 | max | detect p95 s | whole again p95 s | acknowledged | lost | doubled | failovers | violations | broken off"
	if strings.HasPrefix(proof, "footprint") {
		cells = "who | what | n | ready p50 s | max | idle CPU, % of one core | memory MiB"
	}
	if strings.HasPrefix(proof, "live") {
		cells = "who | agents | customers | s | writes | failed | lost | doubled | reads | failed | wrong | write p50 s | p99 | gap of the failover s | lag p50 ≤ s | p99 ≤ | max ≤ | server CPU % | MiB | edges CPU % | all CPU % | journal entries"
	}
	return "| " + cells + " |\n|" + strings.Repeat("---|", strings.Count(cells, "|")+1)
}

func row(g Group) string {
	if l := g.Runs[0].Live; l != nil {
		return liveRow(g.Runs[0], l)
	}
	cells := []string{g.Who, g.Kind, fmt.Sprint(len(g.Runs))}
	if strings.HasPrefix(g.Proof, "footprint") {
		ready := g.Values(func(r Run) float64 { return r.Ready })
		cells = append(cells, seconds(Quantile(ready, 0.5)), seconds(Quantile(ready, 1)),
			seconds(Quantile(g.Values(func(r Run) float64 { return r.CPU }), 0.5)), seconds(Quantile(g.Values(func(r Run) float64 { return r.Memory }), 0.5)))
		return "| " + strings.Join(cells, " | ") + " |"
	}
	for _, of := range []func(Run) float64{func(r Run) float64 { return r.Gap }, func(r Run) float64 { return r.NewGap }} {
		for _, q := range []float64{0.5, 0.95, 1} {
			cells = append(cells, gap(g, of, q))
		}
	}
	cells = append(cells, seconds(Quantile(g.Values(func(r Run) float64 { return r.Detect }), 0.95)), seconds(Quantile(g.Values(func(r Run) float64 { return r.Whole }), 0.95)))
	for _, of := range []func(Run) int{
		func(r Run) int { return r.Acknowledged }, func(r Run) int { return r.Lost }, func(r Run) int { return r.Doubled },
		func(r Run) int { return r.Failovers }, func(r Run) int { return r.Violations },
	} {
		cells = append(cells, fmt.Sprint(g.Sum(of)))
	}
	return "| " + strings.Join(append(cells, fmt.Sprint(g.Broken())), " | ") + " |"
}

func liveRow(r Run, l *Live) string {
	return fmt.Sprintf("| %s | %d | %d | %.0f | %d | %d | %d | %d | %d | %d | %d | %.3f | %.3f | %.2f | %v | %v | %v | %.1f | %.0f | %.1f | %.1f | %d |",
		r.Who, l.Agents, l.Customers, l.Seconds, r.Acknowledged, r.Failed, r.Lost, r.Doubled, l.Reads, l.FailedReads, l.WrongReads,
		l.WriteP50, l.WriteP99, r.WorstGap(), l.LagP50, l.LagP99, l.LagMax, l.ServerCPU, l.ServerMemory, l.EdgeCPU, l.AllCPU, l.Entries)
}

// gap marks a figure that a limit ended: the true one is longer.
func gap(g Group, of func(Run) float64, q float64) string {
	s := seconds(Quantile(g.Values(of), q))
	if s != "–" && g.Open() > 0 && Quantile(g.Values(of), q) >= g.Runs[0].Limit {
		return "> " + s
	}
	return s
}

func seconds(v float64) string {
	if v == 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f", v)
}

// Ratios renders how many times longer the peer's median gap is than ours, by kind of
// fault. Only kinds that both have are compared.
func Ratios(runs []Run, ours, peer string) string {
	groups := Groups(runs)
	var out strings.Builder
	fmt.Fprintf(&out, "| fault | %s p50 s | max | %s p50 s | max | ratio of p50 |\n|---|---|---|---|---|---|\n", ours, peer)
	for _, a := range groups {
		for _, b := range groups {
			if a.Who != ours || b.Who != peer || a.Kind != b.Kind {
				continue
			}
			x, y := a.Values(Run.WorstGap), b.Values(Run.WorstGap)
			ratio := "–"
			if len(x) > 0 && len(y) > 0 {
				ratio = fmt.Sprintf("%.1f", Quantile(y, 0.5)/Quantile(x, 0.5))
				if b.Open() > 0 {
					ratio = "> " + ratio
				}
			}
			fmt.Fprintf(&out, "| %s | %s | %s | %s | %s | %s |\n", a.Kind, gap(a, Run.WorstGap, 0.5), gap(a, Run.WorstGap, 1), gap(b, Run.WorstGap, 0.5), gap(b, Run.WorstGap, 1), ratio)
		}
	}
	return out.String()
}
