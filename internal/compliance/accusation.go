package compliance

import (
	"slices"
	"time"

	"github.com/greenlang/fournines/internal/journal/witness"
)

// Accusation is evidence that our witness holds against another server's journal.
type Accusation struct {
	ID     string       `json:"id"`
	Kind   witness.Kind `json:"kind" doc:"fork, rollback or unproved"`
	Origin string       `json:"origin" doc:"of the journal"`
	Text   string       `json:"text"`
	At     time.Time    `json:"at"`
	Entry  uint64       `json:"entry" doc:"journal index that holds both signed checkpoints"`
}

// Unknown returns the findings that no entry tells of yet, each once: after a restart a
// witness tells all of its evidence again.
func Unknown(findings []witness.Finding, known []Accusation) []witness.Finding {
	return slices.DeleteFunc(slices.Clone(findings), func(f witness.Finding) bool {
		return slices.ContainsFunc(known, func(a Accusation) bool { return a.ID == f.ID() })
	})
}
