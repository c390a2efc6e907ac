package cell_test

import (
	"fmt"
	"testing"

	"github.com/greenlang/fournines/kit/cell"
)

// What is stored somewhere stays true: these never change.
func TestOfIsForEver(t *testing.T) {
	t.Parallel()
	for customer, want := range map[string]int{"": 10, "acme": 11, "cus_3f2a9c0b7d1e4f5a6b7c": 5} {
		if got := cell.Of(customer, 12); got != want {
			t.Errorf("%q lives in %d, and lived in %d", customer, got, want)
		}
	}
}

// No cell has many more customers than another, or its failure would reach too many.
func TestCellsAreEven(t *testing.T) {
	t.Parallel()
	for _, cells := range []int{1, 7, 12, 100} {
		const each = 2000
		count := make([]int, cells)
		for n := range each * cells {
			count[cell.Of(fmt.Sprint("customer-", n), cells)]++
		}
		for c, n := range count {
			if n < each*85/100 || n > each*115/100 {
				t.Errorf("cell %d of %d has %d customers, on average %d", c, cells, n, each)
			}
		}
	}
}

func FuzzOf(f *testing.F) {
	f.Add("acme", 12)
	f.Fuzz(func(t *testing.T, customer string, cells int) {
		if cells < 1 {
			return
		}
		if c := cell.Of(customer, cells); c < 0 || c >= cells || c != cell.Of(customer, cells) {
			t.Fatalf("%q lives in %d of %d", customer, c, cells)
		}
	})
}
