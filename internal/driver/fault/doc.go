// Package fault breaks things on this host on purpose, and mends them again
// whatever else dies (row 7.5.1).
//
// Every fault is a lease in a file with an end. A process of its own, the guard,
// in a session of its own, injects it, waits for the end, and takes it back, so
// that the death of server, node, edge or `up` changes nothing. A guard that was
// itself killed is started again by [Keeper.Sweep], which every node and host does
// when it starts, and goes on where the file says it stood.
//
// A kill has nothing to take back; its lease is how long the target is kept down.
package fault
