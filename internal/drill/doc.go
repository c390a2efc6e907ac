// Package drill is how fournines proves itself: a drill runs load through the edge, keeps
// the set of acknowledged writes, breaks or moves something of the real platform, waits for
// health, verifies from outside, and reports in one shape.
//
// A drill is a client: it runs in a process of its own and reaches the platform only
// through the edge and the API, so a server, node or edge that dies meanwhile only costs
// time. It records each observation in the journal at once; each entry has a number of its
// own, so a repeat is harmless.
//
// Every wing adds drills: a [Drill] with its steps, listed in package app.
package drill
