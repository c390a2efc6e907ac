package app

import (
	compliancewiring "github.com/greenlang/fournines/internal/compliance/wiring"
)

// complianceOptions is what several servers add to the compliance wing.
func (s *ServerApp) complianceOptions() compliancewiring.Options {
	return compliancewiring.Options{
		Entries: s.records, Keys: s.keysOfPersons, Peers: s.seatPeers,
		Leads: func() bool { return !s.shared() || s.quorum.Leads() },
	}
}
