package cli

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/greenlang/fournines/internal/cli/verb"
	"github.com/greenlang/fournines/internal/spec"
	"github.com/greenlang/fournines/internal/spec/cost"
)

func (w world) costCommand() *cobra.Command {
	var file, prices string
	var printPrices bool
	c := &cobra.Command{
		Use: "cost", Short: "Price the declared platform, and hold it against its budget", Args: cobra.NoArgs,
		Long: "Price the declared platform from a table, and hold the sum against spec.cost.perYear.\n" +
			"-o wide shows every line with its arithmetic. --print-prices prints the built-in table,\nas something to edit and to give with --prices.\n" +
			"Exit 2 when a file is unusable, 3 when the platform costs more than its budget.",
		Example: "  fournines cost\n  fournines cost -o wide\n  fournines cost --print-prices > prices.yaml && fournines cost --prices prices.yaml",
		RunE: func(*cobra.Command, []string) error {
			if printPrices {
				_, err := w.Out.Write(cost.BuiltInYAML())
				return err
			}
			d, err := spec.Open(file)
			if err != nil {
				return w.unusable(file, err)
			}
			t, err := cost.Load(prices)
			if err != nil {
				return w.unusable(prices, err)
			}
			b, err := cost.Compute(d.Platform, t)
			if err != nil {
				return verb.Exit(verb.Misused, err)
			}
			return w.bill(b)
		},
	}
	fileFlag(c, &file)
	c.Flags().StringVar(&prices, "prices", "", "price table; the built-in list prices by default")
	c.Flags().BoolVar(&printPrices, "print-prices", false, "print the built-in price table")
	return c
}

// bill prints what a platform costs.
func (w world) bill(b *cost.Bill) error {
	if w.People() {
		if err := w.billTables(b); err != nil {
			return err
		}
	} else {
		var names []string
		for _, l := range b.Lines {
			names = append(names, l.Region+"/"+l.Row+"/"+l.Item)
		}
		if err := w.Print(b, verb.Table{}, names); err != nil {
			return err
		}
	}
	w.Note("%s: the budget of %s is %s", b.Platform, cost.Money(b.Budget.PerYear, b.Currency), said(b.Budget.Verdict))
	if b.Budget.Verdict == cost.TooLow {
		return verb.Exitf(verb.Missed, "platform %s costs %s a year, and its budget is %s", b.Platform, cost.Money(b.Total, b.Currency), cost.Money(b.Budget.PerYear, b.Currency))
	}
	return nil
}

func said(v cost.Verdict) string {
	if v == cost.Reproduced {
		return "reproduced"
	}
	return "contradicted: it is " + string(v)
}

// billTables prints for people: lines, sums, the verdict with what would change it, and
// what it all rests on.
func (w world) billTables(b *cost.Bill) error {
	all := []verb.Table{w.sums("REGION", b.Regions, b), w.sums("ROW", b.Rows, b)}
	if w.Output == "wide" {
		lines := verb.Table{Head: []string{"REGION", "ROW", "ITEM", "YEARLY", "ARITHMETIC", "BECAUSE"}}
		for _, l := range b.Lines {
			lines.Rows = append(lines.Rows, []string{l.Region, l.Row, l.Item, cost.Money(l.Yearly, b.Currency), l.Arithmetic, l.Because})
		}
		all = append([]verb.Table{lines}, all...)
	}
	if len(b.Budget.Levers) > 0 {
		levers := verb.Table{Head: []string{"ALONE", "IS", "WOULD NEED", "TOTAL"}}
		for _, l := range b.Budget.Levers {
			needs := decimal(l.Needs) + " " + l.Unit
			if !l.Closes {
				needs = "not enough: " + needs
			}
			levers.Rows = append(levers.Rows, []string{l.Path, decimal(l.Is), needs, cost.Money(l.Total, b.Currency)})
		}
		all = append(all, levers)
	}
	assumed := verb.Table{Head: []string{"ASSUMED", "VALUE", "UNIT", "NOTE"}}
	for _, a := range b.Assumptions {
		assumed.Rows = append(assumed.Rows, []string{a.Path, decimal(a.Value), a.Unit, a.Note})
	}
	for _, t := range append(all, assumed) {
		if err := w.Table(t); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(w.Out); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w.Out, "%s\n    %s\n    not priced: %s\n", said(b.Budget.Verdict), strings.Join(b.Budget.Arithmetic, "\n    "), b.Budget.NotPriced)
	return err
}

func (w world) sums(name string, of []cost.Sum, b *cost.Bill) verb.Table {
	t := verb.Table{Head: []string{name, "YEARLY", "SHARE"}}
	for _, s := range of {
		t.Rows = append(t.Rows, []string{s.Name, cost.Money(s.Yearly, b.Currency), decimal(100*s.Share) + " %"})
	}
	t.Rows = append(t.Rows, []string{"total", cost.Money(b.Total, b.Currency), "100 %"})
	return t
}

// decimal prints f with the four digits that matter to people.
func decimal(f float64) string {
	decimals := 4
	for x := f; x >= 10 && decimals > 1; x /= 10 {
		decimals--
	}
	s := strconv.FormatFloat(f, 'f', decimals, 64)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}
