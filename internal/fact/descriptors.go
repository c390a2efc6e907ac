package fact

import "time"

// Descriptors is how many file descriptors a process has open. Without them it neither takes
// nor opens connections, and sees nobody.
type Descriptors struct {
	Open     int       `json:"open"`
	Limit    int       `json:"limit"`              // 0: none
	Lacked   time.Time `json:"lacked,omitzero"`    // when something failed for the lack of one, the last time
	Failures uint64    `json:"failures,omitempty"` // for the lack of one, since the process began
}
