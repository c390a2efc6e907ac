package api

// Pair is the copy that a region's partner has, as it is now (row 7.1.9).
type Pair struct {
	From       string  `json:"from" doc:"region that serves"`
	To         string  `json:"to" doc:"region that would take over"`
	Health     Health  `json:"health"`
	LagBytes   int64   `json:"lag_bytes" doc:"-1: unknown"`
	LagSeconds float64 `json:"lag_seconds" doc:"-1: unknown"`
	Objects    int64   `json:"objects_behind" doc:"versions of objects that are not copied yet; -1: unknown"`
	ObjectsLag float64 `json:"objects_lag_seconds" doc:"everything older is copied; -1: unknown"`
	Detail     string  `json:"detail,omitempty" doc:"why it is not healthy"`

	DeclaredSeconds  float64 `json:"declared_seconds,omitempty" doc:"round trip between them as the platform declares it; 0: it does not"`
	RoundTripSeconds float64 `json:"round_trip_seconds,omitempty" doc:"as it was measured last; 0: it was not, or not lately"`
}
