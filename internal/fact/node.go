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
	Jobs   []Job     `json:"jobs,omitempty"`

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
	Down     time.Time `json:"down,omitzero"`     // since when it has not been ready for 10 s in a row; zero: it is
	Fence    string    `json:"fence,omitempty"`   // epoch of the fence that is proved, with State fenced
	Version  string    `json:"version,omitempty"` // of the assignment it was started from
	Restart  string    `json:"restart,omitempty"` // the newest wished-for restart that it began after
	Disk     Disk      `json:"disk,omitzero"`     // of its data; zero: nobody has seen it
}

// Outcome is what one look at a server came to (rows 7.1.8, 7.1.10).
type Outcome string

// The outcomes. Only Hangs and Gone accuse a server of being dead; Full alone moves what leads to a
// server with room.
const (
	Serves  Outcome = "serves"
	Refuses Outcome = "refuses" // it has answered by itself, so it lives, but it did not let this observer in
	Hangs   Outcome = "hangs"   // nothing came from it for the time of silence
	Gone    Outcome = "gone"    // nobody listens there
	Unseen  Outcome = "unseen"  // the observer could not look, which says nothing about the server
	Full    Outcome = "full"    // it answers, and can store nothing: its disk is full, broken or read-only
)

// Lives tells whether the server has answered by itself.
func (o Outcome) Lives() bool { return o == Serves || o == Refuses || o == Full }

// ProbeResult is what one probe of a server came to.
type ProbeResult struct {
	Outcome  Outcome
	Writable bool   // with Serves: a write was committed as well
	Error    string // why it does not serve, or could not be seen; with Serves: why a primary took no write
}

// Probe is what one observer saw of one target, newest and in a row.
type Probe struct {
	Observer string    `json:"observer"` // REGION/ZONE, or "server"
	Target   string    `json:"target"`   // component id
	At       time.Time `json:"at"`       // end of the newest probe
	Outcome  Outcome   `json:"outcome"`  // of the newest probe
	Since    time.Time `json:"since"`    // end of the first probe of those in a row with this outcome
	Error    string    `json:"error,omitempty"`
	Misses   int       `json:"misses"`          // in a row that accuse, each while the observer's control probe was answered
	LastOK   time.Time `json:"last_ok"`         // end of the newest probe that was served
	Seconds  float64   `json:"seconds"`         // duration of the newest probe
	Writable bool      `json:"writable"`        // the newest served probe also committed a write
	Barred   time.Time `json:"barred,omitzero"` // since when it serves and takes no write, though it is no standby; zero: it does not
}
