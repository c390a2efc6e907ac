// Package node is the hand of fournines on one host: one process per zone that
// supervises the zone's engine processes, probes, fences and injects faults.
//
// It is level-triggered. It posts facts and receives its desired [Assignment] over one
// long-poll, and brings the host into that state; it never decides. The assignment is kept
// on disk, so a node starts and supervises with the server dead, and its children live on
// when the node dies: the next one adopts them.
//
// A fence is a marker on disk before it is a kill: a fenced unit stays dead
// through restarts of the node and of the host until the assignment lifts it,
// and the node reports it as fenced only when no process of the unit is left.
//
// A [Job] is a program that runs once beside a unit, such as a backup; a runner of its own carries
// it out, so that it outlives the node.
package node
