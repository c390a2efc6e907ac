package store

import "fmt"

// Unavailable says that PostgreSQL could not be had before the deadline. For a
// write the outcome is unknown: repeat it with the same key.
type Unavailable struct {
	What     string // the request
	Attempts int    // how often it was tried
	Cause    error  // why the last attempt failed
}

// Error says what was tried, how often, and why it failed last.
func (e *Unavailable) Error() string {
	return fmt.Sprintf("%s: postgres unavailable after %d attempts, repeat with the same key: %v", e.What, e.Attempts, e.Cause)
}

// Unwrap returns the last attempt's error.
func (e *Unavailable) Unwrap() error { return e.Cause }

// NotFound says that something that was asked for does not exist.
type NotFound struct{ Kind, Name string }

// Error names what does not exist.
func (e *NotFound) Error() string { return fmt.Sprintf("find %s: %q does not exist", e.Kind, e.Name) }

// Conflict says that a request contradicts what is stored already.
type Conflict struct{ Detail string }

// Error says what contradicts what, and what to do.
func (e *Conflict) Error() string { return e.Detail }

// KeyReused says that an idempotency key already belongs to another body.
type KeyReused struct{ Key string }

// Error names the key.
func (e *KeyReused) Error() string {
	return fmt.Sprintf("create run: key %q already belongs to a run with another body; use a new key for a new run", e.Key)
}
