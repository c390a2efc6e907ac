// Package wiring runs the schedules of all wings: once a second it asks package schedule which
// runs are due, records that they begin, hands their actions to control, and records how they ended.
//
//	wiring.go  the wing: what was registered, the round, findings
//	round.go   begin, hand over, end
//	people.go  the list, pauses, and their ends, for the door
package wiring
