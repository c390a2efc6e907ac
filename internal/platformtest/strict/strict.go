// Package strict is how a test says that it cannot prove something here. On a person's machine
// the test is skipped. Where everything must be proved, with FOURNINES_STRICT=1 or in CI, it
// fails: a proof that silently does not run is no proof.
package strict

import (
	"os"
	"testing"
)

// On tells whether nothing may be skipped.
func On() bool {
	return os.Getenv("FOURNINES_STRICT") == "1" || os.Getenv("CI") == "true"
}

// Skip ends the test: unproved completes "NOT PROVED: ", and why says what is missing and what
// would bring it.
func Skip(t testing.TB, unproved string, why any) {
	t.Helper()
	if On() {
		t.Fatalf("NOT PROVED: %s: %v. Nothing may be skipped here (FOURNINES_STRICT=1, or CI)", unproved, why)
	}
	t.Skipf("NOT PROVED: %s: %v", unproved, why)
}
