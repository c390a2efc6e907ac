// Package cell says which cell a customer lives in (row 7.1.1). Applications and edges
// compute it alike: were they to differ, a customer's requests would go to one region and
// be counted for another.
package cell

import (
	"crypto/sha256"
	"encoding/binary"
)

// Of returns the cell, 0 to cells-1, of the customer with this id, among that many cells.
// It never changes: applications store what it says. cells must be at least 1.
func Of(customer string, cells int) int {
	sum := sha256.Sum256([]byte("cell/" + customer))
	return int(binary.BigEndian.Uint64(sum[:8]) % uint64(cells)) //nolint:gosec // below cells
}
