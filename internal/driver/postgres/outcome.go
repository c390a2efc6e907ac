package postgres

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/greenlang/fournines/internal/fact"
)

// outcome says what an error of a probe proves about the server, where it has sent no refusal
// of its own. heard: the server has sent
// something; silent: the time of silence has passed since the probe began.
func outcome(ctx context.Context, err error, heard, silent bool) fact.Outcome {
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return fact.Unseen
	case errors.Is(err, syscall.ECONNREFUSED):
		return fact.Gone
	case silent && (pgconn.Timeout(err) || timedOut(err) || errors.Is(err, syscall.EHOSTUNREACH)):
		return fact.Hangs
	case heard && !ofConnection(err):
		return fact.Refuses // it answers what this observer cannot use: a certificate, a protocol
	}
	return fact.Unseen // something of our own, or a connection that ended without a word
}

func timedOut(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}

// ofConnection tells whether err is the end of a connection: a server that dies in the middle
// ends it, and so does one that lives on.
func ofConnection(err error) bool {
	return slices.ContainsFunc([]error{io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, syscall.ECONNRESET, syscall.EPIPE}, func(end error) bool { return errors.Is(err, end) })
}
