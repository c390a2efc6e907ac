// Package serve is GreenLang's HTTP door: the API at /v1 (described at
// /openapi.json), health, metrics, and misbehaviour on purpose.
//
// It decides whether the instance is ready (Health), and how it misbehaves
// (Lease). Both are pure; their time is an argument.
//
// Rows: 7.1.3, 7.1.8, 7.1.10.
//
// Why a dependency's trouble does not make an instance unready: every instance
// has the same PostgreSQL and the same Redis. If each said "not ready" while
// they fail over, a balancer would eject all of them at once, and a pause of
// seconds for writes would become an outage for reads as well, which lasts until
// probes have come round again. Ejecting an instance helps only if another one
// is better off, and an instance cannot know that from inside. So it says 503
// for what is its own: it is draining, or refused by PostgreSQL for its
// configuration. For trouble of others it says 200 and names it, as long as one
// of them still serves reads, or for a grace after the last did. After the grace
// it can do nothing for anybody, perhaps because its own zone is cut off, and
// says so; if that is everybody's lot, the balancer's bound on ejection (never
// beyond half a pool) keeps requests going somewhere.
//
// Invariants:
//   - A request that a failover cut is continued within its deadline; then it is
//     a 503 problem with Retry-After, never a broken connection.
//   - Misbehaviour is a lease: it has an end, at most 10 min away, and ends by itself.
//   - After SIGTERM readiness fails first, then the listener closes, then the
//     requests in flight end, in at most 10 s together.
//
// It never answers 2xx to a write that PostgreSQL did not confirm, and never
// listens beyond loopback without a token.
package serve
