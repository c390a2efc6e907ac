package greenlang

// Preloaded is what an instance has put into its region's cache before customers came.
type Preloaded struct {
	Customers int     `json:"customers"` // that were run for lately
	Agents    int     `json:"agents"`
	Entries   int     `json:"entries"` // that Redis took, of both
	Seconds   float64 `json:"seconds"`
	Error     string  `json:"error,omitempty"` // why it ended early
}
