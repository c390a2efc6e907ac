package evidence

import "time"

// Move is one evacuation of a region: its recovery time and recovery point as the
// operation itself measured them (rows 7.1.9, 7.1.12). Those that drills ask for are
// counted by the drill, from outside.
type Move struct {
	At       time.Time
	RTO, RPO float64 // seconds
	Practice bool
	Entries  []uint64 // its first and last
}
