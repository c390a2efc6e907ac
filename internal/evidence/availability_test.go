package evidence

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/state"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func fold(t *testing.T, d *state.Docs, index uint64, c Count) {
	t.Helper()
	b, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := Fold(d, journal.Record{Entry: journal.Entry{Index: index, Kind: Counted.Name, Data: b}}); err != nil {
		t.Fatal(err)
	}
}

// One of twelve cells is down for the whole of 10 of 100 seconds: customers lost
// 10 s / 12, while the share of failed requests depends on who asked.
func TestDowntimeIsWeightedByCustomers(t *testing.T) {
	t.Parallel()
	d := state.NewDocs()
	fold(t, d, 5, Count{Region: "r", From: 1, To: 90, At: start.Add(90 * time.Second), Cells: 12, Rows: []Cell{{Cell: 0, Requests: 900}}})
	fold(t, d, 9, Count{Region: "r", From: 91, To: 100, At: start.Add(100 * time.Second), Cells: 12, Rows: []Cell{{Cell: 0, Requests: 100, Failed: 100, Bad: 10}}})
	fold(t, d, 9, Count{Region: "r", From: 91, To: 100, At: start.Add(100 * time.Second), Cells: 12, Rows: []Cell{{Cell: 0, Requests: 100, Failed: 100, Bad: 10}}}) // again: ignored
	var a Availability
	if _, err := d.Get(Key, &a); err != nil {
		t.Fatal(err)
	}
	if math.Abs(a.Spent-10.0/12) > 1e-9 || math.Abs(a.CustomerRatio()-(1-10.0/1200)) > 1e-9 {
		t.Fatalf("spent %v, ratio %v", a.Spent, a.CustomerRatio())
	}
	if a.RequestRatio() != 0.9 || a.First != 5 || a.Last != 9 || a.Seconds["r"] != 100 {
		t.Fatalf("%+v", a)
	}
	if len(a.Minutes) != 1 || a.Minutes[0].Requests != 1000 {
		t.Fatalf("minutes %+v", a.Minutes)
	}
}

func TestBudgetOfFourNines(t *testing.T) {
	t.Parallel()
	if b := Budget(0.9999); math.Abs(b-3153.6) > 0.01 { // 52.56 minutes
		t.Fatalf("%v s", b)
	}
}
