// Package greenlang is GreenLang's registry: the reference application that the
// platform runs in every zone and the load of every drill.
//
// It decides what a customer, an agent and a run are: their identities, which
// lifecycle transitions of an agent are legal (draft → experimental → certified
// → deprecated), which version strings are semantic versions, which cell a
// customer lives in, and what an opaque list cursor says. All of it is pure.
// Client is the door for the drill harness.
//
// The folders beside it do the rest: store is PostgreSQL, cache is Redis, serve
// is HTTP, enginetest starts real engines for the tests.
//
// Rows: 7.1.3 (what runs in each zone), 7.1.4, 7.1.5 and 7.1.8 (the client-visible
// side of a failover: a pause, not an error), 7.1.10 and 7.1.11 (health answers
// and the breaker towards Redis).
//
// Invariants:
//   - A run is acknowledged only after the COMMIT that made it durable, or a later
//     COMMIT, was confirmed by PostgreSQL under its synchronous replication.
//   - One idempotency key is at most one run, whatever is retried, by whomever.
//   - Redis is never asked whether something is true, only whether it is quick:
//     its trouble slows nothing by more than its timeout and fails no request.
//
// It never retries in the Client, never keeps state of its own on disk, and
// never listens beyond loopback without a token.
package greenlang
