// Package journal is what was done and seen: an append-only, ordered log in one
// directory, fsynced before it acknowledges, each record hashed into an RFC 6962
// Merkle tree (row 7.8.5, first slice).
//
// Invariants:
//   - [Journal.Append] returns after the entries are on disk; what it returned is
//     never lost, reordered or doubled by a kill -9.
//   - Indexes are dense and start at 0; an entry's bytes never change.
//   - A torn tail, the remains of writes that were never acknowledged, is cut off
//     at [Open]. Damage anywhere else is refused, with the entry's index.
//   - After an fsync error nothing more is accepted: the kernel may have dropped
//     the pages, so only a fresh Open can tell what is on disk.
//
// Callers append, read, and subscribe from an index ([Journal.Follow]); nothing
// else. Signed checkpoints, proofs over HTTP and the archive build on these.
package journal
