package staging

import (
	"encoding/json"
	"fmt"

	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/whole"
)

// Outcome is how a run ended.
type Outcome struct {
	Test  fact.RestoreTest `json:"test"`
	Error string           `json:"error,omitempty"` // the run came to no end, and why
}

// OutcomeFile is where the outcome of a plan in a file is kept.
func OutcomeFile(plan string) string { return plan + ".outcome" }

// Keep writes the outcome to a file, durably: whole or not at all. Nobody but its owner may read it.
func (o Outcome) Keep(path string) error {
	b, err := json.Marshal(o)
	if err != nil {
		return fmt.Errorf("keep the outcome of a restore: %w", err)
	}
	if err := whole.Write(path, b, 0o600); err != nil {
		return fmt.Errorf("keep the outcome of a restore: %w", err)
	}
	return nil
}
