package fact

// OutsideSecond is what a prober at one vantage point saw of every home in one second: the
// one in which it began to ask (row 7.1.12).
type OutsideSecond struct {
	Seq   uint64        `json:"seq"` // the Unix time of the second
	Homes []OutsideHome `json:"homes"`
}

// OutsideHome is the outcome of one request in the name of a home's customers.
type OutsideHome struct {
	Home    string  `json:"home"`
	Cell    int     `json:"cell"`              // in whose name it was asked
	Unknown bool    `json:"unknown,omitempty"` // the prober stood still, or could not ask: it says nothing
	Failed  string  `json:"failed,omitempty"`  // the stage at which it failed: name, connect, read or write; empty: it was served
	Error   string  `json:"error,omitempty"`   // of that stage
	Address string  `json:"address,omitempty"` // of the edge that was asked
	Seconds float64 `json:"seconds"`           // it took
}

// Served tells whether the request was answered as a customer wants it.
func (h OutsideHome) Served() bool { return h.Failed == "" && !h.Unknown }
