// Package wait has the few ways in which long-running code waits: for a time, for the next
// round, for a poke. Each ends with its context.
package wait
