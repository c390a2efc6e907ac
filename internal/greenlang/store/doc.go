// Package store keeps GreenLang's registry in PostgreSQL.
//
// It decides when a request cut by a failover is tried again (Retryable,
// Backoff) and when a write may be acknowledged; the rest is statements.
//
// Rows: 7.1.4, 7.1.8.
//
// Invariants:
//   - Every write is one statement with its own COMMIT, safe to repeat: it is
//     keyed by what it creates. An attempt whose outcome is unknown is repeated.
//   - A repeat never acknowledges what it merely sees. A row can be visible and
//     yet not replicated: the wait for the standby ends when its session is
//     cancelled, with the row committed on the old primary only, to be lost with
//     it. So the answer to a repeat is a write as well (a counter, or a column
//     set to itself): its COMMIT is behind the row's in the log, and once it is
//     confirmed the row is safe too.
//   - For the same reason a COMMIT that comes back with the server's warning that
//     the wait was cancelled counts as failed, not as done.
//   - After an error that a failover makes, the connection is closed, not reused:
//     it may lead to a demoted primary for as long as somebody keeps it open.
//
// It never retries past the caller's deadline, never retries what a repeat
// cannot mend, and never reads from a standby.
package store
