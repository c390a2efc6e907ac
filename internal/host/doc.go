// Package host is the machine under `fournines up`: it keeps our own processes
// running (server, edges, and a node for each zone), and it is the machine room's
// switch, with which a zone's engine is powered off when its node does not answer.
//
// Our own processes are units like any other, so package node supervises them,
// with an assignment that never changes. What a power-off fences stays dead through
// restarts, because the marker on disk is the same that a node writes.
package host
