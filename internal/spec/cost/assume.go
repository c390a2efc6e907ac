package cost

import "fmt"

// assumptions returns what the lines rest on and nobody has found published, in the table's order.
func (b *pricing) assumptions() []Assumed {
	out := []Assumed{}
	add := func(path, source string, value Amount, unit, note string) {
		if b.used[path] && source == Assumption {
			out = append(out, Assumed{path, float64(value), unit, note})
		}
	}
	for i, f := range b.table.Regions {
		add(fmt.Sprintf("spec.regions[%d]", i), f.Source, f.Factor, "× in "+f.Region, f.Note)
	}
	for _, r := range b.spec.Regions {
		add("spec.regions:"+r.Name, Assumption, 1, "× in "+r.Name, "the table knows no factor of this region")
	}
	for _, p := range b.table.Prices.all() {
		path := "spec.prices." + p.name
		unit := b.table.Currency + "/" + p.unit
		add(path, p.price.Source, p.price.Amount, unit, p.price.Note)
		for i, r := range p.price.Regions {
			add(fmt.Sprintf("%s.regions[%d]", path, i), r.Source, r.Amount, unit+" in "+r.Region, r.Note)
		}
	}
	for _, s := range b.table.Sizes.all() {
		add("spec.sizes."+s.name, s.size.Source, s.size.Amount, s.unit, s.size.Note)
	}
	return out
}
