package wiring

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/board"
	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/evidence"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/place/placetest"
	"github.com/greenlang/fournines/internal/state"
	"github.com/greenlang/fournines/internal/state/statetest"
	"github.com/greenlang/fournines/internal/wing"
)

// wiringOf is a wing without journal and state.
func wiringOf(l place.Layout) *Wiring {
	w, _ := New(&wing.House{Layout: l, Facts: board.NewFacts(), Log: slog.New(slog.DiscardHandler), Now: time.Now})
	return w
}

// opened is a wing over the journal of a directory, and over documents; stop closes it.
func opened(t *testing.T, docs statetest.Shelf, root string) (w *Wiring, stop func()) {
	t.Helper()
	w = wiringOf(placetest.Layout(t))
	h := w.house
	h.Layout.Root = root
	j, err := journal.Open(filepath.Join(root, "journal"), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	h.State, err = state.Open(context.WithoutCancel(t.Context()), j, docs, h.Log, control.Fold, evidence.Fold, fold)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range h.Layout.Regions {
		r, ok := h.Layout.Platform.Region(name)
		if !ok {
			t.Fatalf("no region %s", name)
		}
		w.regions[name] = &region{layout: h.Layout, facts: h.Facts, spec: r}
	}
	return w, func() {
		h.State.Close()
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	}
}
