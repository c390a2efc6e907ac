// Package records answers from the journal and the state: operations, entries, drills and
// evidence. It reads what has left the state from the journal's tables.
package records

import (
	"context"
	"encoding/json"
	"sync"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/drill"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/journal/table"
	"github.com/greenlang/fournines/internal/wing"
)

// Options is what records need from outside.
type Options struct {
	Kinds  func() []journal.Kind // of entries that there can be
	Drills func() []drill.Drill  // that can be run
	// Tables takes the journal's tables as they are up to now; release them.
	Tables func(context.Context) (*table.Snapshot, error)
	// Persons says for whom data stand sealed in an entry, and who of them was erased.
	Persons func(json.RawMessage) (pseudonyms []string, erased []api.Erasure, err error)
}

// Records answers what was done and seen.
type Records struct {
	house   *wing.House
	options Options

	drilling sync.Mutex // held while a drill's report is kept
}

// New returns the records, and what they hand to the house.
func New(h *wing.House, o Options) (*Records, wing.Wing) {
	x := &Records{house: h, options: o}
	return x, wing.Wing{Name: "records", Findings: x.findings, Metrics: x.metrics()}
}
