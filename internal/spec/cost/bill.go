package cost

import (
	"fmt"
	"math"

	"github.com/greenlang/fournines/internal/spec"
)

// Everywhere is the region of what the platform has once.
const Everywhere = "all"

// Line is one thing that is paid for.
type Line struct {
	Row        string  `json:"row"`    // of the specification
	Region     string  `json:"region"` // or [Everywhere]
	Item       string  `json:"item"`   // of the table
	What       string  `json:"what"`
	Quantity   float64 `json:"quantity"`
	Unit       string  `json:"unit"`   // of the price; a quantity of GB-month is GB
	Price      float64 `json:"price"`  // of a unit, the region's factor and any commitment included
	Times      float64 `json:"times"`  // units of time in a year: hours, months, or 1
	Yearly     float64 `json:"yearly"` // rounded to cents
	Because    string  `json:"because"`
	Arithmetic string  `json:"arithmetic"`
}

// Sum is what the lines of a region or a row come to.
type Sum struct {
	Name   string  `json:"name"`
	Yearly float64 `json:"yearly"`
	Share  float64 `json:"share"` // of the total
}

// Assumed is a number of the table that a bill rests on and nobody has found published.
type Assumed struct {
	Path  string  `json:"path"` // in the table
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
	Note  string  `json:"note,omitempty"`
}

// Bill is what a platform costs in a year.
type Bill struct {
	Platform    string    `json:"platform"`
	Table       string    `json:"table"`
	Currency    string    `json:"currency"`
	Lines       []Line    `json:"lines"`
	Regions     []Sum     `json:"regions"`
	Rows        []Sum     `json:"rows"`
	Total       float64   `json:"total"`
	Budget      Budget    `json:"budget"`
	Assumptions []Assumed `json:"assumptions"`
}

// Compute prices a valid platform from a valid table. It fails where the two are in
// different currencies.
func Compute(p *spec.Platform, t *Table) (*Bill, error) {
	if p.Spec.Cost.Currency != t.Spec.Currency {
		return nil, fmt.Errorf("price platform %s: its budget is in %s and price table %s in %s; give a table in %s with --prices",
			p.Metadata.Name, p.Spec.Cost.Currency, t.Metadata.Name, t.Spec.Currency, p.Spec.Cost.Currency)
	}
	b := price(p, t)
	out := &Bill{Platform: p.Metadata.Name, Table: t.Metadata.Name, Currency: t.Spec.Currency, Lines: b.lines, Total: b.total(), Assumptions: b.assumptions()}
	out.Regions = sums(b.lines, out.Total, func(l Line) string { return l.Region })
	out.Rows = sums(b.lines, out.Total, func(l Line) string { return l.Row })
	out.Budget = compare(p, t, out.Total)
	return out, nil
}

// price makes the lines.
func price(p *spec.Platform, t *Table) *pricing {
	b := &pricing{spec: &p.Spec, table: &t.Spec, used: map[string]bool{}, names: map[any]string{}}
	for _, n := range t.Spec.Prices.all() {
		b.names[n.price] = n.name
	}
	for _, n := range t.Spec.Sizes.all() {
		b.names[n.size] = n.name
	}
	for _, r := range p.Spec.Regions {
		b.region(p, r)
	}
	b.everywhere()
	return b
}

// sums adds lines up by name, in the order in which names first appear.
func sums(lines []Line, total float64, name func(Line) string) []Sum {
	at := map[string]int{}
	out := []Sum{}
	for _, l := range lines {
		n := name(l)
		i, ok := at[n]
		if !ok {
			i = len(out)
			at[n], out = i, append(out, Sum{Name: n})
		}
		out[i].Yearly += l.Yearly
	}
	for i := range out {
		out[i].Yearly = cents(out[i].Yearly)
		if total > 0 {
			out[i].Share = out[i].Yearly / total
		}
	}
	return out
}

// pricing is a bill in the making.
type pricing struct {
	spec  *spec.PlatformSpec
	table *TableSpec
	lines []Line
	used  map[string]bool // paths of the table that a line rests on
	names map[any]string  // of prices and sizes, by where they are
}

func (b *pricing) total() float64 {
	sum := 0.0
	for _, l := range b.lines {
		sum += l.Yearly
	}
	return cents(sum)
}

// size returns the value of a size of the table, and remembers that a line rests on it.
func (b *pricing) size(s *Size) float64 {
	b.used["spec.sizes."+b.names[s]] = true
	return float64(s.Amount)
}

// unitPrice returns the price of an item in a region, and how it came about.
func (b *pricing) unitPrice(p *Price, item, region string) (amount float64, how string) {
	path := "spec.prices." + item
	for i, r := range p.Regions {
		if r.Region == region {
			b.used[fmt.Sprintf("%s.regions[%d]", path, i)] = true
			return float64(r.Amount), ""
		}
	}
	b.used[path] = true
	for i, f := range b.table.Regions {
		if f.Region == region {
			b.used[fmt.Sprintf("spec.regions[%d]", i)] = true
			return float64(p.Amount) * float64(f.Factor), times("", float64(f.Factor))
		}
	}
	if region != Everywhere {
		b.used["spec.regions:"+region] = true
	}
	return float64(p.Amount), ""
}

// times appends a factor to a product, unless it changes nothing.
func times(product string, f float64) string {
	if f == 1 {
		return product
	}
	return product + " × " + number(f, 6)
}

// add puts a line on the bill, unless there is nothing of it.
func (b *pricing) add(row, region string, p *Price, quantity float64, because string) {
	if quantity <= 0 {
		return
	}
	item := b.names[p]
	amount, how := b.unitPrice(p, item, region)
	if isNode(item) {
		amount, how = b.committed(amount, how)
	}
	l := Line{Row: row, Region: region, Item: item, What: p.What, Quantity: quantity, Unit: p.Unit, Price: amount, Times: b.times(p.Unit), Because: because}
	l.Yearly = cents(quantity * amount * l.Times)
	l.Arithmetic = fmt.Sprintf("%s × %s%s%s = %s", number(quantity, 2), number(base(p, region), 12), how, b.timesText(p.Unit), Money(l.Yearly, b.table.Currency))
	b.lines = append(b.lines, l)
}

// base is an item's price in a region before factors.
func base(p *Price, region string) float64 {
	for _, r := range p.Regions {
		if r.Region == region {
			return float64(r.Amount)
		}
	}
	return float64(p.Amount)
}

// isNode tells machines, which can be bought for years, from services.
func isNode(item string) bool {
	const suffix = "Node"
	return len(item) > len(suffix) && item[len(item)-len(suffix):] == suffix
}

// committed takes off what nodes that are bought for years cost less.
func (b *pricing) committed(amount float64, how string) (float64, string) {
	f := 1 - b.size(&b.table.Sizes.CommittedShare)*b.size(&b.table.Sizes.CommitmentDiscount)
	return amount * f, times(how, f)
}

func (b *pricing) times(unit string) float64 {
	switch unit {
	case "hour":
		return float64(b.table.HoursPerYear)
	case "month", "GB-month":
		return 12
	}
	return 1
}

func (b *pricing) timesText(unit string) string {
	switch unit {
	case "hour":
		return fmt.Sprintf(" × %s h", number(float64(b.table.HoursPerYear), 0))
	case "month", "GB-month":
		return " × 12 months"
	}
	return ""
}

// whole rounds up to whole nodes; what binary fractions add to a whole number is not one more.
func whole(f float64) float64 { return math.Ceil(f - 1e-9) }
