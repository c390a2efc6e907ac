package web

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"

	"github.com/greenlang/fournines/internal/edge/hop"
	look "github.com/greenlang/fournines/internal/probe/outcome"
)

// ending says how one try ended.
type ending uint8

const (
	answered ending = iota
	local           // the edge itself could not send: it says nothing of the target
	refused         // no connection was made: the target was never reached
	broken          // the target broke the connection or the protocol
	slow            // the target did not answer in time
	canceled        // the client went away
)

// outcome is the result of one try.
type outcome struct {
	how    ending
	status int  // when answered
	unsent bool // proven: the target saw nothing of the request
	err    error
}

// String says why a try counts as it does.
func (o *outcome) String() string {
	if o.how == answered {
		return fmt.Sprintf("status %d", o.status)
	}
	return o.err.Error()
}

// serverFault says whether a status counts against the target.
func serverFault(status int) bool {
	switch status {
	case http.StatusInternalServerError, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// passing says whether a status promises that another target may do better.
func passing(status int) bool {
	return status >= http.StatusBadGateway && status <= http.StatusGatewayTimeout
}

// ofHop reads the outcome from an error of the pooled way.
func ofHop(err error) outcome {
	o := outcome{how: broken, err: err}
	if e, ok := errors.AsType[*hop.Error](err); ok {
		o.unsent = e.Unsent
		o.how = [...]ending{hop.Connect: refused, hop.Reset: broken, hop.Timeout: slow, hop.Protocol: broken, hop.Canceled: canceled}[e.Kind]
	}
	if (o.how == refused || o.how == broken) && look.Local(err) {
		o.how = local
	}
	return o
}

var errTry = errors.New("the target did not answer in time")

// ofTransport reads the outcome from an error of net/http's client. ctx is the
// client's, try the one of this attempt.
func ofTransport(err error, ctx, try context.Context) outcome {
	o := outcome{how: broken, err: err}
	var op *net.OpError
	dialing := errors.As(err, &op) && op.Op == "dial"
	switch {
	case ctx.Err() != nil:
		o.how, o.unsent = canceled, dialing
	case dialing && context.Cause(try) == nil && look.Local(err):
		o.how, o.unsent = local, true
	case dialing:
		o.how, o.unsent = refused, true
	case errors.Is(context.Cause(try), errTry), errors.Is(err, os.ErrDeadlineExceeded):
		o.how, o.err = slow, fmt.Errorf("%w: %w", errTry, err)
	}
	return o
}

// statusFor is what the client is told when no target answered.
func (o *outcome) statusFor() int {
	if o.how == slow {
		return http.StatusGatewayTimeout
	}
	return http.StatusBadGateway
}
