// Package probe watches one primary from one place, through new connections,
// because an old connection tells nothing about a postmaster that hangs (rows
// 7.1.8, 7.1.10).
//
// An answer that the server itself sends proves that it lives, also where it refuses this
// observer: a password that has expired, all connections taken. Only two outcomes accuse:
// nobody listens, or nothing came for the whole time of silence although a control, another
// member of the same kind, answered right after. An observer that stood still meanwhile,
// or that could not look for want of something of its own, counts nothing. A primary behind
// 500 ms of latency is slow, and one that is frozen or cut off is silent. So a busy host, a
// frozen observer, a slow path or a refusal does not accuse a primary.
//
// [Tracker] decides and is pure; [Watcher] runs the rounds. No round waits for
// another, so a probe that hangs delays nobody.
package probe
