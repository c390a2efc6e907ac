// Package journal records what was done and seen: it is an append-only, ordered log in one
// directory, fsynced before it acknowledges, published as a tree of hashes with signed
// checkpoints that anybody can verify (row 7.8.5).
//
// The directory:
//
//	lock                      held by the one server that writes
//	key, key.pub              what checkpoints are signed with, and checked against
//	log/<first index>.seg     frames: length, CRC-32C, payload (frame.go)
//	log/<first index>.idx     every 256th offset of a sealed segment; only a cache
//	head                      size, root and time that were acknowledged last
//	tile/…, checkpoint        tlog-tiles, see package tiles
//
// Invariants:
//   - [Journal.Append] returns after the entries are on disk; an acknowledged entry is
//     never lost, reordered or doubled by a kill -9.
//   - Indexes are dense and start at 0. An index is not in an entry's bytes: its
//     position proves it. An entry's bytes never change.
//   - Where several servers hold one log, a group of entries is decided for all of them
//     before it is written ([Options.Decide]), and the others append the same bytes
//     ([Journal.Accept]). A group that was decided and cannot be written ends the journal.
//   - The log is what counts. Tiles and checkpoints follow it within about a second and are
//     computed from what is on the disk; after the disk was full, the missing ones are
//     written.
//   - A checkpoint is signed only over entries that are durable, and after every tile
//     below it is; a full tile is written once.
//   - Times that the journal stamps never go back, also over a restart and when the
//     clock does: they stand still until the clock has passed them. The last stamp is in
//     head; after a power failure, which may lose that, the newest time behind it counts.
//     An entry's own time is kept as it is.
//   - A torn tail, the remains of writes that were never acknowledged, is cut off at
//     [Open]. Any other damage is refused with the first entry concerned and its kind
//     ([DamageError]), as far as Open looks: the tree's right edge, the newest segment
//     and what is behind the checkpoint. [Verify] looks at everything.
//   - A write that fails is cut off again, and the journal goes on. After an fsync error
//     nothing more is accepted: the kernel may have dropped the pages, so only a fresh
//     Open can tell what is on disk.
//
// The directory alone cannot show that it was replaced as a whole: keep the verifier key
// and a checkpoint elsewhere, and verify against them.
//
// Segments are not preallocated: written zeros save about a third of an fdatasync, but
// double the writes, and a power failure may then leave holes inside a group.
package journal
