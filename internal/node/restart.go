package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"github.com/greenlang/fournines/internal/driver/process"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/whole"
)

// errRestart ends a life of a unit that shall begin another at once.
var errRestart = errors.New("it was asked to restart")

// restarted returns the newest restart that the unit has done. It is on disk, so that a
// node's next life does not do it again.
func (s *supervisor) restarted() string {
	b, err := os.ReadFile(s.home + ".restarted")
	if err != nil {
		return "" // none yet; one that cannot be read is done again
	}
	return string(b)
}

// noteRestart says that the life which begins now answers the restart. It is kept before
// the start: a node that is killed in between starts the unit anyway.
func (s *supervisor) noteRestart(name string) error {
	if name == "" || name == s.restarted() {
		return nil
	}
	if err := whole.Write(s.home+".restarted", []byte(name), 0o600); err != nil {
		return fmt.Errorf("keep the restart of %s: %w", filepath.Base(s.home), err)
	}
	return nil
}

// end asks the unit's process to end, and waits for it as long as its grace lasts.
func (s *supervisor) end(ctx context.Context, u Unit, p process.Process) error {
	s.log.Info("restarting unit", "restart", u.Restart)
	s.note(func(f *fact.Unit) {
		f.State, f.Ready, f.Error = fact.UnitStarting, false, "it ends to be started again"
	})
	if err := process.StopUnit(ctx, s.home, p, u.signal(), u.Grace.D()); err != nil {
		return err
	}
	return errRestart
}

// signal is what asks the unit to end.
func (u Unit) signal() syscall.Signal {
	if u.Stop == "INT" {
		return syscall.SIGINT
	}
	return syscall.SIGTERM
}
