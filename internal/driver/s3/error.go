package s3

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	smithy "github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// What callers branch on; ask with errors.Is.
var (
	ErrNotFound    = errors.New("it is not there")
	ErrExists      = errors.New("the key holds another object already")
	ErrLocked      = errors.New("it is locked")
	ErrDenied      = errors.New("the endpoint refuses it")
	ErrUnavailable = errors.New("the endpoint cannot be used now")
	// ErrUnproved means that the endpoint reported success and what it holds is not what was asked.
	ErrUnproved = errors.New("the endpoint does not hold what was asked")
	// ErrUnmarked means that copies could not be told from what clients write.
	ErrUnmarked = errors.New("it keeps no marks of copies")
)

// Error says which operation failed where, why, and what to do.
type Error struct {
	Op, Endpoint, Bucket, Key, Version string
	Kind                               error // one of those above, or nil
	Err                                error // what the endpoint or the network said
}

func (e *Error) Error() string {
	what := e.Op + " " + e.Bucket
	if e.Key != "" {
		what += "/" + e.Key
	}
	if e.Version != "" {
		what += " version " + e.Version
	}
	why := e.Err
	if why == nil {
		why = e.Kind
	}
	s := fmt.Sprintf("%s at %s: %v", what, e.Endpoint, why)
	if h := e.hint(); h != "" {
		s += "; " + h
	}
	return s
}

// Unwrap gives both the kind and the cause.
func (e *Error) Unwrap() []error {
	var out []error
	for _, err := range []error{e.Kind, e.Err} {
		if err != nil {
			out = append(out, err)
		}
	}
	return out
}

func (e *Error) hint() string {
	switch e.Kind {
	case ErrExists: //nolint:errorlint // a kind is one of these, and wraps nothing
		return "choose another key, or compare the two objects; nothing was overwritten"
	case ErrLocked:
		return "wait until its lock ends; nobody can end it sooner"
	case ErrDenied:
		return "check the credentials, the clock of this machine, and the rights of the account on this bucket"
	case ErrUnavailable:
		return "check that the endpoint runs and can be reached, then do the same again: repeating is safe"
	case ErrUnmarked:
		return "it is an older version: start fournines-objects again, from the installation that this server is of"
	case ErrUnproved:
		return "do not use this endpoint as an archive until its WORM probe holds; the object may be there without its lock"
	}
	return ""
}

// fail names an operation's error; err may come from the endpoint, the network or the context.
func (s *Store) fail(op, key, version string, err error) error {
	if err == nil {
		return nil
	}
	return &Error{Op: op, Endpoint: s.endpoint, Bucket: s.bucket, Key: key, Version: version, Kind: kindOf(err), Err: err}
}

func kindOf(err error) error {
	for _, known := range []error{ErrNotFound, ErrExists, ErrLocked, ErrDenied, ErrUnavailable, ErrUnproved, ErrUnmarked} {
		if errors.Is(err, known) {
			return known
		}
	}
	if errors.Is(err, context.Canceled) {
		return nil // the caller's own wish
	}
	if k, ok := kinds[codeOf(err)]; ok {
		return k
	}
	var r *smithyhttp.ResponseError
	if !errors.As(err, &r) || r.Response == nil {
		return ErrUnavailable // no answer came
	}
	switch status := r.HTTPStatusCode(); {
	case status == http.StatusNotFound || status == http.StatusMethodNotAllowed: // 405: a delete marker
		return ErrNotFound
	case status == http.StatusPreconditionFailed:
		return ErrExists
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return ErrDenied
	case status >= 500 || status == http.StatusTooManyRequests || status == http.StatusRequestTimeout:
		return ErrUnavailable
	case status < 300: // the answer began well and broke off
		return ErrUnavailable
	}
	return nil
}

// kinds are the codes of S3 whose status does not say enough.
var kinds = map[string]error{
	"NoSuchKey": ErrNotFound, "NoSuchVersion": ErrNotFound, "NoSuchBucket": ErrNotFound, "NotFound": ErrNotFound,
	"PreconditionFailed": ErrExists, "ObjectLocked": ErrLocked,
	"RequestTimeout": ErrUnavailable, "SlowDown": ErrUnavailable, "ConditionalRequestConflict": ErrUnavailable, "OperationAborted": ErrUnavailable,
}

// codeOf returns the endpoint's own word for an error, or "".
func codeOf(err error) string {
	if a, ok := errors.AsType[smithy.APIError](err); ok {
		return a.ErrorCode()
	}
	return ""
}

// Brief says of an error what the endpoint said, without what differs each time.
func Brief(err error) string {
	a, said := errors.AsType[smithy.APIError](err)
	e, ours := errors.AsType[*Error](err)
	if !said || !ours {
		return err.Error()
	}
	why := a.ErrorCode()
	if m := a.ErrorMessage(); m != "" {
		why += ": " + m
	}
	return fmt.Sprintf("%s at %s: %s", e.Op, e.Endpoint, why)
}
