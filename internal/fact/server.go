package fact

import "time"

// Server is what the leading server knows of another one of the control plane.
type Server struct {
	Started time.Time // when its process was started, as it says
	At      time.Time // of its last answer
}
