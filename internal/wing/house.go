package wing

import (
	"log/slog"
	"time"

	"github.com/greenlang/fournines/internal/board"
	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/descriptor"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/state"
)

// House is what a wing's wiring works with. The server fills it as it starts: Journal and
// State before the wings open, Control before the first action is decided. A wiring keeps the pointer
// and never the server.
type House struct {
	Layout   place.Layout
	Secrets  place.Secrets
	Programs place.Programs
	Seat     place.Seat // of the server that leads
	Dir      string     // of this server alone
	Started  time.Time  // when this server was started
	Looking  time.Time  // since when it leads, and gathers the facts that it decides on
	Facts    *board.Facts
	Journal  *journal.Journal
	State    *state.Projection
	Control  *control.Control
	Log      *slog.Logger
	Now      func() time.Time
	// Practice tells whether faults are injected, or a drill is under way; nil: never.
	Practice func() (bool, error)

	Descriptors *descriptor.Gauge // of this server's process; nil: nobody asks
}

// Blind is the time after a server becomes the leader in which it knows too little to raise
// an alarm, or to refuse an action because it has not seen something yet.
const Blind = 10 * time.Second

// Short tells whether this server lacks file descriptors, or has within the time of [Blind]:
// then it could neither look nor take reports, and what it has not heard is unknown.
func (h *House) Short(now time.Time) bool {
	if h.Descriptors == nil {
		return false
	}
	d := h.Descriptors.State()
	return now.Sub(d.Lacked) < Blind || d.Limit > 0 && d.Open >= d.Limit
}

// Blinded tells whether this server has looked for too short a time, or could not look.
func (h *House) Blinded(now time.Time) bool { return now.Sub(h.Looking) < Blind || h.Short(now) }
