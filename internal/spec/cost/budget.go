package cost

import (
	"fmt"
	"math"

	"github.com/greenlang/fournines/internal/spec"
)

// Verdict says what the bill makes of the budget.
type Verdict string

// The verdicts.
const (
	Reproduced Verdict = "reproduced" // the two differ by less than [Tolerance]
	TooHigh    Verdict = "too high"   // contradicted: the platform costs less
	TooLow     Verdict = "too low"    // contradicted: the platform costs more
)

// Tolerance is the share of the budget by which a bill may differ and still reproduce it:
// list prices are not known more exactly than that a year ahead.
const Tolerance = 0.10

// Budget holds a bill against the platform's spec.cost.perYear.
type Budget struct {
	PerYear    float64  `json:"per_year"`
	Verdict    Verdict  `json:"verdict"`
	Gap        float64  `json:"gap"` // budget less bill
	NotPriced  string   `json:"not_priced"`
	Arithmetic []string `json:"arithmetic"` // step by step
	Levers     []Lever  `json:"levers"`     // none when reproduced
}

// notPriced is what a bill leaves out, so that nobody takes it for more than it is.
const notPriced = "people, support plans and taxes; backups (7.2), deployment (7.3), observability and test environments; discounts for volume"

// Lever is one size of the table, and the value at which, all else unchanged, the bill
// meets the budget.
type Lever struct {
	Path   string  `json:"path"` // in the table
	Unit   string  `json:"unit"`
	Is     float64 `json:"is"`
	Closes bool    `json:"closes"` // some value within reach meets the budget
	Needs  float64 `json:"needs"`  // that value, or the one within reach that comes nearest
	Total  float64 `json:"total"`  // of the bill with it
}

// compare judges a total.
func compare(p *spec.Platform, t *Table, total float64) Budget {
	want, c := float64(p.Spec.Cost.PerYear), t.Spec.Currency
	out := Budget{PerYear: want, Gap: cents(want - total), Levers: []Lever{}, Verdict: Reproduced, NotPriced: notPriced}
	out.Arithmetic = []string{fmt.Sprintf("declared %s − computed %s = %s", Money(want, c), Money(total, c), Money(out.Gap, c))}
	if want > 0 {
		out.Arithmetic = append(out.Arithmetic, fmt.Sprintf("computed / declared = %s %%; within %s %% it counts as reproduced", number(100*total/want, 1), number(100*Tolerance, 0)))
	}
	if math.Abs(out.Gap) <= Tolerance*want {
		return out
	}
	out.Verdict = TooHigh
	if out.Gap < 0 {
		out.Verdict = TooLow
	}
	out.Levers = levers(p, t, want)
	return out
}

// reach is how far a lever may be moved: a hundredfold, or over all of a share.
const reach = 100

// levers moves each size alone until the bill meets the budget.
func levers(p *spec.Platform, t *Table, want float64) []Lever {
	moved := *t
	out := []Lever{}
	for i, s := range t.Spec.Sizes.all() {
		knob := moved.Spec.Sizes.all()[i].size
		total := func(v float64) float64 {
			knob.Amount = Amount(v)
			defer func() { knob.Amount = s.size.Amount }()
			return price(p, &moved).total()
		}
		is := float64(s.size.Amount)
		low, high := is/reach, is*reach
		if s.bound == share {
			low, high = 0, 1
		}
		if from, to := total(low), total(high); from != to {
			out = append(out, lever(s, want, low, high, from > to, total))
		}
	}
	return out
}

// lever bisects between low and high; the bill grows with the size, or falls with it.
func lever(s namedSize, want, low, high float64, falls bool, total func(float64) float64) Lever {
	l := Lever{Path: "spec.sizes." + s.name, Unit: s.unit, Is: float64(s.size.Amount)}
	below := func(v float64) bool { return (total(v) < want) != falls }
	switch {
	case !below(low):
		l.Needs = low
	case below(high):
		l.Needs = high
	default:
		for high-low > high*1e-6 {
			if mid := (low + high) / 2; below(mid) {
				low = mid
			} else {
				high = mid
			}
		}
		l.Needs = (low + high) / 2
	}
	l.Total = total(l.Needs)
	l.Closes = math.Abs(l.Total-want) <= Tolerance*want
	return l
}
