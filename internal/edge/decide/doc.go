// Package decide holds the judgement of the edge: pure types that take the
// time and the randomness they need as arguments and touch nothing else.
//
// It decides
//   - when a target's breaker opens, tries again and closes (row 7.1.11: it
//     opens on exactly the 5th consecutive failure, see [Breaker]);
//   - when a target counts as up or down and when it is probed next
//     (row 7.1.10: every 10 s, every 1 s while in doubt, see [Health]);
//   - which target serves a request, when ejection would go too far, and that
//     nothing is sent into a way that is dead (see [Choose]);
//   - whether a retry is within its budget (see [Budget]);
//   - who leads a replicated store and who may not (see [Leadership]).
//
// Invariants: the same calls with the same arguments give the same answers; no
// clock, goroutine, network or global randomness; nothing here is safe for
// concurrent use, callers hold their own lock.
//
// It never acts: it opens no connection, drops no session and writes no log.
package decide
