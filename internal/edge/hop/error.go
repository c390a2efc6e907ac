package hop

import "fmt"

// Kind says how an exchange failed.
type Kind uint8

// The kinds of failure. Connect is local in origin: the target saw nothing.
const (
	Connect  Kind = iota // no connection could be made
	Reset                // the connection ended before the answer did
	Timeout              // the answer did not begin, or stalled, too long
	Protocol             // the answer cannot be framed or is no HTTP/1.1
	Canceled             // the caller gave up
)

// String returns the kind in one word.
func (k Kind) String() string {
	return [...]string{"connect", "reset", "timeout", "protocol", "canceled"}[k]
}

// Error is a failed exchange with one address.
type Error struct {
	Kind    Kind
	Unsent  bool // proven: no byte of the request reached the target
	Address string
	Err     error
}

// Error names the step, the address and the cause.
func (e *Error) Error() string {
	return fmt.Sprintf("ask %s: %s: %v", e.Address, e.Kind, e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }
