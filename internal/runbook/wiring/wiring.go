// Package wiring puts runbooks into a house: the engine over the state and control, and what the
// doors read and ask.
package wiring

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/evidence"
	"github.com/greenlang/fournines/internal/runbook"
	"github.com/greenlang/fournines/internal/wing"
)

// Folder is the directory of an installation's own runbooks and contacts, in its data directory.
const Folder = "runbooks"

// Wiring is the runbooks in a house.
type Wiring struct {
	house   *wing.House
	actions func() []runbook.Action
	engine  *runbook.Engine // since open
}

// New returns the runbooks, and what they hand to the house; actions is what they may ask for.
func New(h *wing.House, actions func() []runbook.Action) (*Wiring, wing.Wing) {
	w := &Wiring{house: h, actions: actions}
	return w, wing.Wing{
		Name: "runbook", Entries: runbook.EntryKinds(), Fold: runbook.Fold, Open: w.open, Findings: w.findings,
		Tasks: []wing.Task{{Name: "runs", Does: "Carries out the runs of runbooks.", Do: func(ctx context.Context) error { return w.engine.Serve(ctx) }}},
	}
}

func (w *Wiring) open(context.Context) error {
	w.engine = &runbook.Engine{State: w.house.State, Operations: operations{w.house}, Library: w.library, Now: w.house.Now, Log: w.house.Log}
	return nil
}

// operations asks the house's control, which is there once the wings are open.
type operations struct{ house *wing.House }

func (o operations) Submit(ctx context.Context, a control.Action) (control.Operation, error) {
	return o.house.Control.Submit(ctx, a)
}

func (o operations) Operation(key string) (control.Operation, error) {
	return o.house.Control.Operation(key)
}

// library reads the runbooks as they are now: people mend them while the server runs.
func (w *Wiring) library() (*runbook.Library, error) {
	actions, err := runbook.NewCatalog(w.actions()...)
	if err != nil {
		return nil, err
	}
	return runbook.Open(filepath.Join(w.house.Layout.Root, Folder), actions, w.house.Now())
}

// findings says which runs need a person, and what is wrong with the installation's own files.
func (w *Wiring) findings(now time.Time) ([]wing.Finding, error) {
	var out []wing.Finding
	lib, bad := w.library()
	if bad != nil {
		first, _, _ := strings.Cut(bad.Error(), "\n")
		out = append(out, wing.Finding{
			Code: "runbook-unusable", Severity: evidence.Warning, Title: "a runbook or the contacts cannot be used", Text: first + ".",
			Subject: Folder, Command: "fournines runbook lint", Since: w.house.Started,
		})
	}
	if lib == nil {
		return out, nil
	}
	runs, err := runbook.Unfinished(w.house.State)
	if err != nil {
		return nil, err
	}
	troubles := w.engine.Troubles()
	for _, r := range runs {
		v, err := w.engine.View(r.ID)
		if err != nil {
			return nil, err
		}
		if f, ok := runbook.Finding(v, lib.Calls(r.Document.Spec.Escalation, now), troubles[r.ID], now); ok {
			out = append(out, f)
		}
	}
	return out, nil
}

// asked gives an error of the engine the kind that every door understands.
func asked(err error) error {
	switch {
	case errors.Is(err, runbook.ErrUnknown):
		return fmt.Errorf("%w: %w", wing.ErrNotFound, err)
	case errors.Is(err, runbook.ErrRefused):
		return fmt.Errorf("%w: %s", wing.ErrRefused, strings.TrimPrefix(err.Error(), "refused: "))
	}
	return err
}
