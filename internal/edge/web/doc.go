// Package web is the HTTP half of the edge: one [Service] balances requests
// over its targets.
//
// It decides, with the judgement of package decide, where a request goes,
// whether it may be sent again elsewhere, and what the client is told when
// nobody answers. It implements rows 7.1.10 (active probes every 10 s) and
// 7.1.11 (breaker per service and target, opens on the 5th failure in a row).
//
// Invariants: a request is sent a second time only if it is idempotent, carries
// an Idempotency-Key, or provably never reached the first target; a draining
// target gets nothing new; nothing is sent to another region while the way to its
// edge is dead, and a client is told that nothing was done only where nothing was
// sent; a probe that hangs delays no other; a broken answer is broken for the
// client too, never shortened silently.
//
// Two ways lead upstream and behave alike: plain requests go through package
// hop, all others (upgrades, large or unsized bodies, Expect, trailers) through
// net/http. Clients speak HTTP/1.1 or HTTP/2, targets HTTP/1.1; nothing is forwarded
// that two readers could frame differently (RFC 9112, section 11.2). It never caches, rewrites or decompresses.
package web
