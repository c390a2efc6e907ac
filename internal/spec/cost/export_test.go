package cost

import "github.com/greenlang/fournines/internal/spec"

// Total is a bill's total, without what the verdict takes.
func Total(p *spec.Platform, t *Table) float64 { return price(p, t).total() }

// Knobs gives tests every number of a table by its name.
func Knobs(t *Table) map[string]*Amount {
	out := map[string]*Amount{}
	for i := range t.Spec.Regions {
		out["factor of "+t.Spec.Regions[i].Region] = &t.Spec.Regions[i].Factor
	}
	for _, p := range t.Spec.Prices.all() {
		out[p.name] = &p.price.Amount
		for i := range p.price.Regions {
			out[p.name+" in "+p.price.Regions[i].Region] = &p.price.Regions[i].Amount
		}
	}
	for _, s := range t.Spec.Sizes.all() {
		out[s.name] = &s.size.Amount
	}
	return out
}
