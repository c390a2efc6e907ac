package accept

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// scripted fails as its script says, then is closed.
type scripted struct {
	script string // f: a failure, c: a connection
	asked  []time.Duration
	begun  time.Time
}

func (s *scripted) Accept() (net.Conn, error) {
	s.asked = append(s.asked, time.Since(s.begun))
	if s.script == "" {
		return nil, net.ErrClosed
	}
	next := s.script[0]
	s.script = s.script[1:]
	if next == 'f' {
		return nil, &net.OpError{Op: "accept", Err: syscall.EMFILE}
	}
	return nil, nil //nolint:nilnil // nobody uses it
}
func (s *scripted) Close() error   { return nil }
func (s *scripted) Addr() net.Addr { return &net.TCPAddr{} }

func TestBacksOffAndSaysSoOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		failures, taken := 0, 0
		l := &scripted{script: strings.Repeat("f", 10) + "ccff" + "c", begun: time.Now()}
		Loop{Log: slog.New(slog.NewTextHandler(&log, nil)), Failed: func(error) { failures++ }}.Run(t.Context(), l, func(net.Conn) { taken++ })
		want := "[0s 5ms 15ms 35ms 75ms 155ms 315ms 635ms 1.275s 2.275s 3.275s 3.275s 3.275s 3.28s 3.29s 3.29s]"
		if got := fmt.Sprint(l.asked); got != want {
			t.Errorf("asked at %s, want %s", got, want)
		}
		if failures != 12 || taken != 3 {
			t.Errorf("%d failures were told and %d connections taken", failures, taken)
		}
		if text := log.String(); strings.Count(text, "level=WARN") != 2 || strings.Count(text, "level=INFO") != 2 || !strings.Contains(text, "failures=10 seconds=3.275") {
			t.Errorf("it is logged once for each spell:\n%s", text)
		}
	})
}

func TestEndsWhilePausing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
		defer cancel()
		l := &scripted{script: strings.Repeat("f", 100), begun: time.Now()}
		Loop{}.Run(ctx, l, func(net.Conn) {})
		if took := time.Since(l.begun); took != 4*time.Second {
			t.Errorf("it ended after %v", took)
		}
	})
}
