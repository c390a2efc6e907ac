package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/drill"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/wing"
)

// Approve implements api.Actions.
func (s *ServerApp) Approve(ctx context.Context, id, reason string) error {
	_, err := s.Control.Approve(ctx, id, wing.Actor(ctx), reason)
	return decided(err)
}

// Deny implements api.Actions.
func (s *ServerApp) Deny(ctx context.Context, id, reason string) error {
	_, err := s.Control.Deny(ctx, id, wing.Actor(ctx), reason)
	return decided(err)
}

func decided(err error) error {
	switch {
	case errors.Is(err, control.ErrUnknown):
		return fmt.Errorf("%w: %w", api.ErrNotFound, err)
	case errors.Is(err, control.ErrState):
		return fmt.Errorf("%w: %w", api.ErrRefused, err)
	}
	return err
}

// DrillCatalogue implements api.Source.
func (s *ServerApp) DrillCatalogue(context.Context) ([]api.DrillInfo, error) {
	var out []api.DrillInfo
	for _, d := range Drills() {
		out = append(out, api.DrillInfo{
			Name: d.Name, Description: d.Description, Rows: d.Rows, BlastRadius: d.BlastRadius, Verifies: d.Verifies,
			Command: "fournines drill " + d.Name,
		})
	}
	return out, nil
}

// RunDrill implements api.Actions: it starts the command that a person would type, as
// a process of its own, so that our own end would not be the drill's.
func (s *ServerApp) RunDrill(ctx context.Context, name, reason string) (string, error) {
	if _, ok := drill.Find(Drills(), name); !ok {
		return "", fmt.Errorf("no drill %q: %w", name, api.ErrNotFound)
	}
	if s.Layout.IsElsewhere(s.seat) {
		return "", fmt.Errorf("%w: %s leads, on another machine than the platform; type `fournines drill %s` there", api.ErrRefused, s.seat.Name, name)
	}
	running, err := s.DrillReports(ctx)
	if err != nil {
		return "", err
	}
	for _, r := range running {
		if r.Verdict == drill.Running && time.Since(r.Begun) < 10*time.Minute {
			return "", fmt.Errorf("%w: drill %s runs since %s; one at a time", api.ErrRefused, r.ID, r.Begun.UTC().Format(time.TimeOnly))
		}
	}
	id := wing.RequestID(ctx, name)
	dir := filepath.Join(s.Layout.Root, "drills")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("run drill: %w", err)
	}
	log, err := os.OpenFile(filepath.Join(dir, id+".log"), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return "", fmt.Errorf("run drill: %w", err)
	}
	defer log.Close() //nolint:errcheck // the drill has its own descriptor
	cmd := exec.Command(s.Layout.Bin("fournines"), "drill", name, "--id", id, "--reason", reason, "--data", s.Layout.Root, "-o", "json")
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, log, log
	cmd.Env = []string{"PATH=/usr/bin:/bin", "HOME=" + dir, "FOURNINES_ACTOR=" + wing.Actor(ctx)}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return "", fmt.Errorf("run drill: %w", err)
	}
	go cmd.Wait() //nolint:errcheck // its verdict comes through the API
	return id, nil
}

// RecordDrill implements api.Recorder.
func (s *ServerApp) RecordDrill(ctx context.Context, sequence int, r drill.Report) (drill.Report, error) {
	kind := drill.Moved
	if sequence == 0 {
		kind = drill.Begun
	} else if r.Verdict != drill.Running {
		kind = drill.Over
	}
	key := drill.EntryKey(r.ID, sequence)
	if known, err := s.State.Get(drill.EntryPrefix+key, &struct{}{}); err == nil && !known {
		e, err := kind.Entry(r.ID, key, r)
		if err != nil {
			return r, err
		}
		e.Actor, e.Reason = wing.Actor(ctx), journal.Brief(r.Reason)
		if _, err := s.State.Append(ctx, e); err != nil {
			return r, err
		}
	} else if err != nil {
		return r, err
	}
	return s.DrillReport(ctx, r.ID)
}
