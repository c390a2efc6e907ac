package cost

import (
	_ "embed"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/greenlang/fournines/internal/spec"
)

//go:embed prices.yaml
var builtIn []byte

// BuiltInName names the built-in table where a file's name is expected.
const BuiltInName = "built-in prices"

var form = spec.Form{
	Kind: Kind, Thing: "a price table", File: "price table",
	Shown: "`fournines cost --print-prices` shows every field", Size: "the built-in table takes 12 KiB",
}

// BuiltInYAML returns the text of the built-in table, as something to edit.
func BuiltInYAML() []byte { return append([]byte(nil), builtIn...) }

// Load reads and validates a price table; an empty path is the built-in one. An unusable
// file is a [spec.Errors].
func Load(path string) (*Table, error) {
	if path == "" {
		return Parse(BuiltInName, builtIn)
	}
	f, err := os.Open(path) //nolint:gosec // the caller's own choice of file
	if err != nil {
		return nil, fmt.Errorf("read price table: %w", err)
	}
	defer f.Close()                                          //nolint:errcheck // nothing was written
	b, err := io.ReadAll(io.LimitReader(f, spec.MaxBytes+1)) // one byte more is enough to refuse
	if err != nil {
		return nil, fmt.Errorf("read price table: %w", err)
	}
	return Parse(path, b)
}

// Parse reads and validates a price table; name appears in errors, which are [spec.Errors].
func Parse(name string, b []byte) (*Table, error) {
	var t Table
	if err := form.Read(name, b, &t, func() []spec.Problem { return Validate(&t) }); err != nil {
		return nil, err
	}
	return &t, nil
}

// Validate returns what a table must not have, beyond what its fields' own bounds say.
func Validate(t *Table) []spec.Problem {
	v := &validator{table: &t.Spec}
	if c := t.Spec.Currency; len(c) != 3 {
		v.fail("spec.currency", "write three capital letters, for example USD", "is %q", c)
	}
	seen := map[string]bool{}
	for i, f := range t.Spec.Regions {
		path := fmt.Sprintf("spec.regions[%d]", i)
		v.once(path, f.Region, seen)
		v.source(path, f.Source, f.Retrieved)
		if f.Factor == 0 {
			v.fail(path+".factor", "1 is as dear as a price without a region", "is 0")
		}
	}
	for _, p := range t.Spec.Prices.all() {
		v.price("spec.prices."+p.name, p)
	}
	for _, s := range t.Spec.Sizes.all() {
		path := "spec.sizes." + s.name
		v.source(path, s.size.Source, s.size.Retrieved)
		if s.bound == divisor && s.size.Amount == 0 {
			v.fail(path+".amount", "something is divided by it", "is 0")
		}
		if s.bound == share && s.size.Amount > 1 {
			v.fail(path+".amount", "it is a share, from 0 to 1", "is %v", float64(s.size.Amount))
		}
	}
	return v.problems
}

type validator struct {
	table    *TableSpec
	problems []spec.Problem
}

func (v *validator) fail(path, hint, format string, args ...any) {
	v.problems = append(v.problems, spec.Problem{Path: path, Text: path + " " + fmt.Sprintf(format, args...), Hint: hint})
}

func (v *validator) once(path, region string, seen map[string]bool) {
	if region == "" {
		v.fail(path+".region", "name the region", "is empty")
	} else if seen[region] {
		v.fail(path+".region", "keep one", "is %s, which is there already", region)
	}
	seen[region] = true
}

func (v *validator) price(path string, p namedPrice) {
	v.source(path, p.price.Source, p.price.Retrieved)
	if p.price.Unit != p.unit {
		v.fail(path+".unit", fmt.Sprintf("this item is counted by %s", p.unit), "is %q", p.price.Unit)
	}
	if p.price.Currency != v.table.Currency {
		v.fail(path+".currency", "a table has one currency", "is %q, and the table's is %q", p.price.Currency, v.table.Currency)
	}
	seen := map[string]bool{}
	for i, r := range p.price.Regions {
		at := fmt.Sprintf("%s.regions[%d]", path, i)
		v.once(at, r.Region, seen)
		v.source(at, r.Source, r.Retrieved)
	}
}

// source demands that a number says where it is from and when it was read, or that it is assumed.
func (v *validator) source(path, source, retrieved string) {
	switch _, err := time.Parse(time.DateOnly, retrieved); {
	case source == "":
		v.fail(path+".source", "say where it was read, or write assumption", "is empty")
	case source == Assumption && retrieved != "":
		v.fail(path+".retrieved", "nobody reads an assumption: remove the day, or name the source", "is %q", retrieved)
	case source != Assumption && err != nil:
		v.fail(path+".retrieved", "write the day on which the source was read, for example 2026-11-26", "is %q", retrieved)
	}
}
