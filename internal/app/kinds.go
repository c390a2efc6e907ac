package app

import (
	"slices"
	"time"

	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/drill"
	"github.com/greenlang/fournines/internal/evidence"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/spec"
	"github.com/greenlang/fournines/internal/wing"
)

// The kinds of entries of the wiring itself.
var (
	serverStarted = journal.NewKind[started]("server.started", "The server has started and goes on where it stopped.")
)

// started is what the server says of itself.
type started struct {
	Version string `json:"version"`
	PID     int    `json:"pid"`
}

// EntryKinds returns every kind of entry that the server writes. They are known without a
// server, because a journal is also read where none runs.
func EntryKinds() []journal.Kind {
	return unhoused().entryKinds()
}

// unhoused has the wings, and those that more makes, and no platform.
func unhoused(more ...Maker) *ServerApp {
	s := &ServerApp{House: &wing.House{Layout: place.Layout{Platform: &spec.Platform{}}, Now: time.Now}}
	s.registerWings(more...)
	return s
}

// entryKinds returns every kind of entry that this server writes, with its wings' own.
func (s *ServerApp) entryKinds() []journal.Kind {
	all := slices.Concat(control.EntryKinds(), drill.EntryKinds(), evidence.EntryKinds())
	all = append(all, serverStarted.Kind)
	for _, w := range s.wings {
		all = append(all, w.Entries...)
	}
	return all
}
