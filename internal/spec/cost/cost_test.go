package cost_test

import (
	"errors"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/greenlang/fournines/internal/spec"
	"github.com/greenlang/fournines/internal/spec/cost"
)

func builtIn(t testing.TB) (*spec.Platform, *cost.Table) {
	t.Helper()
	p, err := spec.BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	prices, err := cost.Load("")
	if err != nil {
		t.Fatal(err)
	}
	return p, prices
}

func compute(t testing.TB, p *spec.Platform, prices *cost.Table) *cost.Bill {
	t.Helper()
	b, err := cost.Compute(p, prices)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Totals are sums of lines, and a line's arithmetic, multiplied out by somebody else, is
// what the line says.
func TestTheArithmeticAddsUp(t *testing.T) {
	t.Parallel()
	p, prices := builtIn(t)
	prices.Spec.Sizes.CommittedShare.Amount = 0.4 // so that every kind of factor appears
	b := compute(t, p, prices)
	var total float64
	for _, l := range b.Lines {
		total += l.Yearly
		product, result := multiply(t, l.Arithmetic)
		if math.Abs(result-l.Yearly) > 0.005 || math.Abs(product-l.Yearly) > 0.005+l.Yearly*0.006/l.Quantity {
			t.Errorf("%s %s %s: %s is %f, and the line says %f", l.Region, l.Row, l.Item, l.Arithmetic, product, l.Yearly)
		}
		if got := l.Quantity * l.Price * l.Times; math.Abs(got-l.Yearly) > 0.0051 {
			t.Errorf("%s: %f × %f × %f = %f, not %f", l.Item, l.Quantity, l.Price, l.Times, got, l.Yearly)
		}
	}
	for name, sums := range map[string][]cost.Sum{"regions": b.Regions, "rows": b.Rows} {
		var sum, share float64
		for _, s := range sums {
			sum, share = sum+s.Yearly, share+s.Share
		}
		if math.Abs(sum-b.Total) > 0.001 || math.Abs(share-1) > 1e-9 {
			t.Errorf("the %s come to %f and %f of the total %f", name, sum, share, b.Total)
		}
	}
	if math.Abs(total-b.Total) > 0.001 {
		t.Errorf("the lines come to %f, the total is %f", total, b.Total)
	}
}

var figure = regexp.MustCompile(`[0-9][0-9,]*(\.[0-9]+)?`)

// multiply reads A × B … = C.
func multiply(t *testing.T, s string) (product, result float64) {
	t.Helper()
	left, right, ok := strings.Cut(s, " = ")
	if !ok {
		t.Fatalf("%q has no result", s)
	}
	read := func(s string) float64 {
		f, err := strconv.ParseFloat(strings.ReplaceAll(s, ",", ""), 64)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	product = 1
	for _, f := range figure.FindAllString(left, -1) {
		product *= read(f)
	}
	return product, read(figure.FindString(right))
}

// No price and no size is there for nothing: doubling any of them changes the bill.
func TestEveryNumberMatters(t *testing.T) {
	t.Parallel()
	p, prices := builtIn(t)
	prices.Spec.Sizes.CommittedShare.Amount = 0.4
	before := cost.Total(p, prices)
	knobs := cost.Knobs(prices)
	if len(knobs) < 60 {
		t.Fatalf("only %d numbers", len(knobs))
	}
	// In a passive region nobody answers customers, and nothing is sent away.
	idle := []string{"regionTransfer in eu-central-1", "regionTransfer in ap-northeast-1", "internetTransfer in eu-central-1", "internetTransfer in ap-northeast-1"}
	for name, amount := range knobs {
		was := *amount
		*amount *= 2
		if after := cost.Total(p, prices); after == before && !slices.Contains(idle, name) {
			t.Errorf("doubling %s changes nothing", name)
		}
		*amount = was
	}
}

// A platform file without a part has no line for it.
func TestWhatIsNotDeclaredIsNotPriced(t *testing.T) {
	t.Parallel()
	p, prices := builtIn(t)
	p.Spec.Engines.Kafka = spec.Kafka{MirrorTo: "none"}
	p.Spec.Engines.Objects.ReplicateTo = "none"
	p.Spec.Agents = 0
	passive := map[string]bool{"us-west-2": true, "eu-central-1": true, "ap-northeast-1": true}
	for _, l := range compute(t, p, prices).Lines {
		if l.Row == "7.1.6" || strings.Contains(l.Because, "agents") || l.Row == "7.1.7" && passive[l.Region] || l.Row == "7.1.7" && l.Item == "regionTransfer" {
			t.Errorf("%+v", l)
		}
	}
}

// Every assumption that is listed is one, and sources are never silently empty.
func TestAssumptionsAreExactlyThose(t *testing.T) {
	t.Parallel()
	p, prices := builtIn(t)
	listed := len(compute(t, p, prices).Assumptions)
	prices.Spec.Sizes.ResponseKB.Source = "measured"
	b := compute(t, p, prices)
	if len(b.Assumptions) != listed-1 {
		t.Errorf("%d assumptions with one size measured, %d before", len(b.Assumptions), listed)
	}
	p.Spec.Regions[0].Name, p.Spec.Regions[3].Pair = "us-moon-1", "us-moon-1"
	found := false
	for _, a := range compute(t, p, prices).Assumptions {
		found = found || a.Path == "spec.regions:us-moon-1"
	}
	if !found {
		t.Error("a region without a factor is not listed as assumed")
	}
}

// FuzzParse: whatever the text, there is a table with which a bill is finite and adds up,
// or errors that point into the text.
func FuzzParse(f *testing.F) {
	text := string(cost.BuiltInYAML())
	f.Add(text)
	for _, old := range []string{"amount: 0.10", "hour", "2026-11-26", "assumption", "USD", "sizes:", "factor: 1,", "0.3,"} {
		for _, with := range []string{"", "-1", "1e9", "0", "999999999999", "[", "{}", "*a", "\"", "é\t", "0.000000000001", "NaN"} {
			f.Add(strings.Replace(text, old, with, 1))
		}
	}
	p, err := spec.BuiltIn()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		prices, err := cost.Parse("f.yaml", []byte(text))
		if err != nil {
			var all spec.Errors
			if !errors.As(err, &all) || len(all) == 0 || all[0].Line < 1 || all[0].Text == "" {
				t.Fatalf("%v is not a list of errors with places", err)
			}
			return
		}
		b, err := cost.Compute(p, prices)
		if err != nil {
			return // another currency
		}
		sum := 0.0
		for _, l := range b.Lines {
			if !(l.Yearly >= 0) || math.IsInf(l.Yearly, 0) || l.Because == "" {
				t.Fatalf("%+v", l)
			}
			sum += l.Yearly
		}
		if math.Abs(sum-b.Total) > 0.01+sum*1e-9 {
			t.Fatalf("lines come to %f, total %f", sum, b.Total)
		}
	})
}
