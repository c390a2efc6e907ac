package board

import (
	"time"

	"github.com/greenlang/fournines/internal/edge"
	"github.com/greenlang/fournines/internal/fact"
)

// Ack tells an edge from which numbers on it shall report: what is in the journal it need
// not keep, and what it keeps it tells the next server too.
type Ack struct {
	Second uint64 `json:"second"`
	Event  uint64 `json:"event"`
}

// EdgeFact is an edge's report with the time it arrived.
type EdgeFact struct {
	edge.Report
	Directive string    `json:"directive"` // version of the directive it has carried out
	Seen      time.Time `json:"seen"`
}

// OutsideReport is what a prober tells of one vantage point: the seconds that the server has
// not acknowledged, the oldest first, and since when it asks.
type OutsideReport struct {
	Asking  uint64               `json:"asking"` // Unix time
	Seconds []fact.OutsideSecond `json:"seconds"`
}
