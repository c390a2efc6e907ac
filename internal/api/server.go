package api

import (
	"time"
)

// The roles of a server.
const (
	Leads   = "leads"   // decides, acts and writes the journal
	Follows = "follows" // holds the same journal and answers for the leader
)

// Server is one server of the control plane.
type Server struct {
	Name      string    `json:"name"`
	Region    string    `json:"region,omitempty" doc:"absent: it sits outside of every region"`
	Address   string    `json:"address" doc:"where API and console answer, HOST:PORT"`
	Elsewhere bool      `json:"elsewhere,omitempty" doc:"it runs on a machine of its own"`
	Role      string    `json:"role" enum:"leads,follows"`
	Health    Health    `json:"health"`
	Detail    string    `json:"detail,omitempty"`
	Version   string    `json:"version,omitempty"`
	Entries   uint64    `json:"entries" doc:"of the journal that it holds"`
	Started   time.Time `json:"started,omitzero"`
	Seen      time.Time `json:"seen,omitzero" doc:"when it answered last"`
}
