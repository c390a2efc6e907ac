// Package pgwire understands just enough of PostgreSQL's protocol (3.x) to
// follow a session that passes through: where messages end, whether the
// session is idle, and how to refuse or end it in words the client knows.
//
// Invariants: idle is only said when it is proven (every query has had its
// ReadyForQuery, outside of a transaction, and both streams stand between two
// messages); anything that does not look like the protocol makes the session
// opaque, never idle. It never changes, delays or holds a byte itself.
package pgwire
