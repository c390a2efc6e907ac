package greenlang

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"time"
)

// MaxPage is the most items a page may have; more is coerced to it, not refused,
// so that a client written for a larger bound still works.
const MaxPage = 100

// DefaultPage is the page size of a caller that names none.
const DefaultPage = 50

// PageSize coerces a requested limit into 1 to MaxPage; 0 or less means DefaultPage.
func PageSize(limit int) int {
	if limit <= 0 {
		return DefaultPage
	}
	return min(limit, MaxPage)
}

// NewRun is what a caller says to start a run.
type NewRun struct {
	Customer   string            `json:"customer" pattern:"^cus_[0-9a-f]{20}$" doc:"customer id"`
	Agent      string            `json:"agent" pattern:"^[a-z][a-z0-9-]{1,62}$" doc:"agent name"`
	Version    string            `json:"version" maxLength:"128" doc:"agent version"`
	Parameters map[string]string `json:"parameters,omitempty" maxProperties:"32" doc:"what the agent is told"`
}

// Run is one execution of an agent for a customer.
type Run struct {
	ID  string `json:"id" format:"uuid"`
	Key string `json:"key" doc:"the client's idempotency key"`
	NewRun
	CreatedAt time.Time `json:"created_at" doc:"by PostgreSQL's clock"`
}

// Fingerprint is the hash of a run's canonical body. One idempotency key belongs
// to one fingerprint: a second body under the same key is a client's mistake.
func (n NewRun) Fingerprint() ([]byte, error) {
	if len(n.Parameters) == 0 {
		n.Parameters = nil // absent and empty are the same body
	}
	canonical, err := json.Marshal(n) // the encoder sorts map keys
	if err != nil {
		return nil, fmt.Errorf("fingerprint run: %w", err)
	}
	sum := sha256.Sum256(canonical)
	return sum[:], nil
}

// Sighting is what is stored under one idempotency key, counted from the rows
// themselves, so that a checker can prove from outside that nothing
// acknowledged is lost and nothing happened twice.
type Sighting struct {
	Key   string   `json:"key"`
	Count int      `json:"count" doc:"stored runs under this key: 0 lost or never made, 1 as it should be, more means doubled"`
	IDs   []string `json:"ids"`
}
