package main

import (
	"cmp"
	"iter"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/greenlang/fournines/internal/evidence"
	"github.com/greenlang/fournines/internal/journal"
)

// regions are as many as GreenLang has.
func regions() []string {
	return []string{"us-east-1", "eu-west-1", "ap-southeast-1", "us-west-2", "eu-central-1", "ap-northeast-1"}
}

// happening is one thing of the year.
type happening struct {
	at     time.Time
	region string
	kind   string // "hour", "incident" or "operation"
}

// year yields a year's entries in their order, the same for the same options.
func year(o options) iter.Seq2[journal.Record, error] {
	random := rand.New(rand.NewPCG(7, 1))
	anywhere := func() (time.Time, string) {
		return first.Add(time.Duration(random.Int64N(int64(365 * 24 * time.Hour)))), regions()[random.IntN(6)]
	}
	var all []happening
	for h := range 365 * 24 {
		for _, r := range regions() {
			all = append(all, happening{first.Add(time.Duration(h+1) * time.Hour), r, "hour"})
		}
	}
	for range o.operations {
		at, r := anywhere()
		all = append(all, happening{at, r, "operation"})
	}
	for range o.incidents {
		at, r := anywhere()
		all = append(all, happening{at, r, "incident"})
	}
	slices.SortStableFunc(all, func(a, b happening) int { return cmp.Compare(a.at.UnixNano(), b.at.UnixNano()) })
	return func(yield func(journal.Record, error) bool) {
		for i, h := range all {
			if !yield(h.record(uint64(i), o, random)) { //nolint:gosec // not negative
				return
			}
		}
	}
}

func (h happening) record(index uint64, o options, random *rand.Rand) (journal.Record, error) {
	if h.kind == "operation" {
		return record(index, h.at, "operation.requested", h.region+"/postgres", map[string]string{"kind": "postgres.failover", "actor": "system:availability"})
	}
	c := evidence.Count{Region: h.region, From: 1, To: 3600, At: h.at, Cells: o.cells}
	for cell := range o.cells {
		for _, service := range []string{"api", "console", "agents"} {
			c.Rows = append(c.Rows, evidence.Cell{Cell: cell, Service: service, Requests: 36_000})
		}
	}
	if h.kind == "incident" {
		c.To = 60
		for s := range 1 + random.IntN(30) {
			row := evidence.Cell{Cell: random.IntN(o.cells), Service: "api", Requests: 100, Failed: 60, Bad: 0.6}
			c.Rows = append(c.Rows, row)
			c.Bad = append(c.Bad, evidence.BadSecond{At: h.at.Add(time.Duration(s-30) * time.Second), Cells: []evidence.Cell{row}})
		}
	}
	return record(index, h.at, evidence.Counted.Name, h.region, c)
}
