// Package probe watches one primary from one place, through new connections,
// because an old connection tells nothing about a postmaster that hangs (rows
// 7.1.8, 7.1.10).
//
// A missed probe is evidence only when the observer itself is well: either the
// connection was refused, so nobody listens there, or at the same moment a
// control, another member of the same kind, answered. An observer that itself stood
// still meanwhile counts nothing. A probe misses when it makes no progress for its
// timeout, however long it takes as a whole: a primary behind 500 ms of latency is slow,
// and one that is frozen or cut off is silent. So a busy host, a frozen observer or a
// slow network path does not accuse a primary.
//
// [Tracker] decides and is pure; [Watcher] runs the rounds. No round waits for
// another, so a probe that hangs delays nobody.
package probe
