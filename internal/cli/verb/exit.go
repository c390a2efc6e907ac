package verb

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/greenlang/fournines/internal/api/client"
	"github.com/greenlang/fournines/internal/spec"
)

// The exit codes.
const (
	OK       = 0
	Failed   = 1 // anything that has no code of its own
	Misused  = 2 // the command line or its input is wrong; nothing was done
	Missed   = 3 // an objective is not met
	Refused  = 4 // a guard refuses it, or it waits for approval
	Tampered = 5 // a record is not what it was

	Interrupted = 130 // a person ended it, as shells say it of ctrl-C
)

// Error is an error with an exit code.
type Error struct {
	Code int
	Err  error
}

func (e *Error) Error() string { return e.Err.Error() }
func (e *Error) Unwrap() error { return e.Err }

// Exit gives err an exit code. A nil err stays nil.
func Exit(code int, err error) error {
	if err == nil {
		return nil
	}
	return &Error{code, err}
}

// Exitf makes an error with an exit code, of a format as fmt.Errorf takes it.
func Exitf(code int, format string, args ...any) error {
	return &Error{code, fmt.Errorf(format, args...)}
}

// Code returns the exit code of an error: the one that Exit gave it, or the one for the
// server's status.
func Code(err error) int {
	if err == nil {
		return OK
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	if _, none := errors.AsType[*spec.NoneOfError](err); none {
		return Misused
	}
	if p, ok := errors.AsType[*client.Problem](err); ok {
		switch p.Status {
		case http.StatusConflict:
			return Refused
		case http.StatusBadRequest, http.StatusUnprocessableEntity:
			return Misused
		}
	}
	return Failed
}
