package fact

import "time"

// NodeSilent is how old a report of a node, or what an engine has said, may be before it is unknown.
const NodeSilent = 3 * time.Second

// Node is everything one zone's node saw since its last report.
type Node struct {
	Region string    `json:"region"`
	Zone   string    `json:"zone"`
	At     time.Time `json:"at"`
	Boot   string    `json:"boot"`   // changes when the node process restarts
	Faults []string  `json:"faults"` // leases the node knows to be active, ids
	Units  []Unit    `json:"units"`
	Probes []Probe   `json:"probes"` // one for each target it watches

	Descriptors Descriptors `json:"descriptors,omitzero"` // of the node's process
}

// The states of a unit.
const (
	UnitStarting = "starting"
	UnitRunning  = "running"
	UnitFenced   = "fenced" // dead on purpose, and proved so
	UnitFailed   = "failed" // ended; started again after a pause
)

// Unit is one engine process of a zone.
type Unit struct {
	Name     string    `json:"name"`
	State    string    `json:"state"`
	Ready    bool      `json:"ready"`
	Error    string    `json:"error,omitempty"`
	PID      int       `json:"pid,omitempty"`
	Since    time.Time `json:"since"` // of State
	Restarts int       `json:"restarts"`
	Fence    string    `json:"fence,omitempty"`   // epoch of the fence that is proved, with State fenced
	Version  string    `json:"version,omitempty"` // of the assignment it was started from
	Restart  string    `json:"restart,omitempty"` // the newest wished-for restart that it began after
}

// Probe is what one observer saw of one target, newest and in a row.
type Probe struct {
	Observer string    `json:"observer"` // REGION/ZONE, or "server"
	Target   string    `json:"target"`   // component id
	At       time.Time `json:"at"`       // end of the newest probe
	OK       bool      `json:"ok"`
	Refused  bool      `json:"refused,omitempty"` // nobody listens there: proof that no process serves
	Error    string    `json:"error,omitempty"`
	Misses   int       `json:"misses"`   // in a row, each while the observer's control probe succeeded
	LastOK   time.Time `json:"last_ok"`  // end of the newest good probe
	Seconds  float64   `json:"seconds"`  // duration of the newest probe
	Writable bool      `json:"writable"` // the newest good probe also committed a write
}
