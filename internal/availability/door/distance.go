package door

import (
	"time"

	"github.com/greenlang/fournines/internal/api"
)

// Distance is one direction between two regions: as the platform file declares it, and as
// numbered pulses measure it (rows 7.1.9, 7.5.1).
type Distance struct {
	From             string     `json:"from" doc:"region that speaks"`
	To               string     `json:"to" doc:"region that hears"`
	Health           api.Health `json:"health" doc:"missing: nothing comes along it"`
	Detail           string     `json:"detail,omitempty" doc:"why it is not healthy"`
	DeclaredSeconds  float64    `json:"declared_seconds" doc:"round trip that the platform declares; 0: none"`
	Loss             float64    `json:"loss" doc:"share of the packets that are lost along it, as declared"`
	RoundTripSeconds float64    `json:"round_trip_seconds" doc:"as it was measured last; 0: it was not, or not lately"`
	Measured         time.Time  `json:"measured,omitzero"`
	Heard            time.Time  `json:"heard,omitzero" doc:"when the one was last heard by the other"`
	Missed           int        `json:"missed" doc:"pulses since then that should have come, two a second"`
	Entry            uint64     `json:"entry,omitempty" doc:"index of the entry that says it is cut"`
}
