// Package accept takes connections from a listener, and backs off while it cannot: a process
// that lacks descriptors must not spend its processor on finding that out again.
package accept

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"time"
)

// The pause after a failure doubles from the first to the last, as in package net/http.
const (
	firstPause = 5 * time.Millisecond
	lastPause  = time.Second
)

// Loop takes connections.
type Loop struct {
	Log    *slog.Logger // told at the begin and at the end of each spell of failures; nil: nobody
	Failed func(error)  // told of every failure; nil: nobody
}

// Run hands every connection of l to take, one after the other, until l is closed or ctx
// ends. It does not close l: whoever cancels ctx does, else a call that waits goes on.
func (o Loop) Run(ctx context.Context, l net.Listener, take func(net.Conn)) {
	var s spell
	for {
		c, err := l.Accept()
		switch {
		case err == nil:
			s.end(o, l)
			take(c)
			continue
		case errors.Is(err, net.ErrClosed):
			return
		}
		if o.Failed != nil {
			o.Failed(err)
		}
		t := time.NewTimer(s.add(o, l, err))
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return
		}
	}
}

// spell is a row of failures.
type spell struct {
	failures int
	began    time.Time
	pause    time.Duration
}

// add counts a failure and returns the pause after it.
func (s *spell) add(o Loop, l net.Listener, err error) time.Duration {
	if s.failures++; s.failures == 1 {
		s.began, s.pause = time.Now(), firstPause
		if o.Log != nil {
			o.Log.Warn("connections cannot be taken; trying again with pauses of up to "+lastPause.String(), "address", l.Addr().String(), "err", err)
		}
		return s.pause
	}
	s.pause = min(2*s.pause, lastPause)
	return s.pause
}

func (s *spell) end(o Loop, l net.Listener) {
	if s.failures > 0 && o.Log != nil {
		o.Log.Info("connections are taken again", "address", l.Addr().String(), "failures", s.failures, "seconds", time.Since(s.began).Seconds())
	}
	*s = spell{}
}
