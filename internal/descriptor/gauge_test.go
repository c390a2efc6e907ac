package descriptor

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/greenlang/fournines/internal/platformtest/short"
)

// A process without descriptors still tells how many it has open. It is a process of its own,
// because all tests of one share its descriptors.
func TestCountsWithoutADescriptor(t *testing.T) {
	t.Parallel()
	if !short.Inside() {
		short.Run(t, "1")
		return
	}
	const limit = 64
	short.Limit(t, limit)
	var g Gauge
	first := g.State()
	if first.Limit != limit || first.Open < 3 || !first.Lacked.IsZero() || first.Failures != 0 {
		t.Fatalf("%+v", first)
	}
	taken := 0
	var err error
	for err == nil {
		_, err = unix.Dup(0)
		taken++
	}
	g.Saw(fmt.Errorf("open: %w", err))
	if s := g.State(); s.Open < limit || s.Open-first.Open != taken-1 || s.Lacked.IsZero() || s.Failures != 1 {
		t.Errorf("%+v after %+v and %d more", s, first, taken-1)
	}
}

func TestSaysSoOnce(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	g := Gauge{Log: slog.New(slog.NewTextHandler(&log, nil))}
	for range 5 {
		g.Saw(os.NewSyscallError("accept4", syscall.EMFILE))
	}
	g.Saw(errors.New("another"))
	g.Saw(nil)
	if s := g.State(); s.Failures != 5 || strings.Count(log.String(), "level=ERROR") != 1 || !strings.Contains(log.String(), "ulimit -n") {
		t.Errorf("%+v\n%s", s, log.String())
	}
	var nobody *Gauge
	nobody.Saw(syscall.EMFILE)
	if nobody.State().Open == 0 {
		t.Error("nothing is open")
	}
}
