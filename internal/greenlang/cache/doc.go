// Package cache makes GreenLang's reads quick with Redis, and counts runs there.
//
// It decides when Redis is left alone (Breaker: open on the fifth consecutive
// failure, one trial after a second) and how many keys of things that do not
// exist may be remembered (allowance).
//
// Rows: 7.1.5, 7.1.11.
//
// Invariants:
//   - Nothing here returns an error to a request: a cache that is away is a miss.
//   - One call costs at most its timeout (50 ms by default), and after five such
//     calls in a row nothing, until a trial succeeds.
//   - An entry is wrong for at most its lifetime: a change deletes it, and where
//     the deletion is lost with Redis, the lifetime bounds it.
//
// It never holds what cannot be read again from PostgreSQL.
package cache
