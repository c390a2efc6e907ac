// Package table keeps ranges of the journal as Parquet files, so that SQL can be asked
// about them: in the server's own store ([Store]) and in the archive (row 7.8.5).
//
// A table holds adjacent entries, one row each, in order. Its columns are in [Row]; the
// exact bytes of an entry can be rebuilt from its row, so that a row can be proved as the
// entry can. The file's key-value metadata say which log and which range it is, and the
// RFC 6962 root over the range's leaves ([Meta]).
//
// Invariants:
//   - Row n is the entry First+n. [Write] refuses a gap, and bytes that do not have their hash.
//   - A table that [Table.Verify] passes answers as the log would: every row's bytes have
//     the hash in their row, the hashes have the root, and no statistics or filter hides a
//     row.
//   - A table is only a cache of the log: a damaged one is made anew, never repaired.
//   - Damaged Parquet is an error ([ErrDamaged]), never a panic.
package table
