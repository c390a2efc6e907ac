package process_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/driver/process"
	"github.com/greenlang/fournines/internal/platformtest/short"
)

// Who cannot look proves no death: a fence would count it, and an engine would be started
// beside itself. It happens in a process of its own, since the tests of one share its descriptors.
func TestWithoutDescriptorsNobodyIsGone(t *testing.T) {
	t.Parallel()
	if !short.Inside() {
		short.Run(t, "1")
		return
	}
	home := t.TempDir()
	p, pid := start(t, home, "exec sleep 100")
	_, back := short.Exhaust(t, 64)
	if _, err := process.Find(p.PID); err == nil || errors.Is(err, process.ErrGone) {
		t.Errorf("find: %v", err)
	}
	if !p.Alive() {
		t.Error("it counts as dead")
	}
	if err := p.Signal(0); err == nil || errors.Is(err, process.ErrGone) {
		t.Errorf("signal: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := p.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("wait: %v", err)
	}
	if _, runs, err := process.Recall(pid); runs || err == nil {
		t.Errorf("recall: %v, %v", runs, err)
	}
	if n, err := process.KillUnit(t.Context(), home); n != 0 || err == nil {
		t.Errorf("%d were killed, and it is proved by %v", n, err)
	}
	back()
	if ps, err := process.Members(home); err != nil || len(ps) != 1 || ps[0] != p {
		t.Errorf("its members are %v: %v", ps, err)
	}
	if n, err := process.KillUnit(t.Context(), home); n != 1 || err != nil || p.Alive() {
		t.Errorf("%d were killed: %v", n, err)
	}
}
