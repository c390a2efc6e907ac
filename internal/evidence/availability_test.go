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
	if math.Abs(a.Spent-10.0/12) > 1e-9 || math.Abs(*a.CustomerRatio()-(1-10.0/1200)) > 1e-9 {
		t.Fatalf("spent %v, ratio %v", a.Spent, *a.CustomerRatio())
	}
	if *a.RequestRatio() != 0.9 || a.First != 5 || a.Last != 9 || a.Seconds["r"] != 100 {
		t.Fatalf("%+v", a)
	}
	if len(a.Minutes) != 1 || a.Minutes[0].Requests != 1000 {
		t.Fatalf("minutes %+v", a.Minutes)
	}
}

// Of nothing, nothing is known: neither of a platform that nobody has asked yet, nor of one
// whose edges counted seconds in which nobody asked.
func TestARatioOfNothingIsUnknown_7_1_12(t *testing.T) {
	t.Parallel()
	known := func(a Availability) bool { return a.CustomerRatio() != nil || a.RequestRatio() != nil }
	if known(Availability{}) || known(Availability{Since: start, Until: start.Add(time.Hour)}) {
		t.Error("nothing was counted, and a ratio is known")
	}
	d := state.NewDocs()
	fold(t, d, 5, Count{Region: "r", From: 1, To: 90, At: start.Add(90 * time.Second), Cells: 12})
	var a Availability
	if _, err := d.Get(Key, &a); err != nil || known(a) {
		t.Errorf("nobody asked, and a ratio is known: %v %+v", err, a)
	}
	quiet := Counts{Days: []Day{{Region: "r", Date: "2026-01-01", Known: [24]float64{3600}}}}
	if m := Measure(quiet, nil, Scope{}, 12, start, start.Add(time.Hour)); m.Known != 3600 || m.Customer != nil || m.Edges != nil || m.Outside != nil || m.Whole != nil || m.Request != nil {
		t.Errorf("nobody asked: %+v", m)
	}
	seen := Counts{Days: quiet.Days, Outside: []OutsideDay{{Home: "r", Date: "2026-01-01", Cells: []int{0}, Known: [24]float64{60}}}}
	if m := Measure(seen, nil, Scope{}, 12, start, start.Add(time.Hour)); m.Customer == nil || *m.Customer != 1 || m.Edges != nil || *m.Outside != 1 {
		t.Errorf("only those outside asked: %+v", m)
	}
	for _, f := range Figures(nil, nil, nil, 0, Both, start, start.Add(time.Hour)) {
		if f.Mean != nil || f.Median != nil || f.P90 != nil || f.Max != nil || f.Low != nil || f.High != nil || f.Note == "" {
			t.Errorf("of nothing: %+v", f)
		}
	}
}

func TestBudgetOfFourNines(t *testing.T) {
	t.Parallel()
	if b := Budget(0.9999); math.Abs(b-3153.6) > 0.01 { // 52.56 minutes
		t.Fatalf("%v s", b)
	}
}
