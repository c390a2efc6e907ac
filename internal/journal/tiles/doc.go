// Package tiles is a tree of hashes as other people's verifiers read it: the tlog-tiles
// layout (https://c2sp.org/tlog-tiles) with signed checkpoints
// (https://c2sp.org/tlog-checkpoint) over an RFC 6962 Merkle tree.
//
// It knows paths, hashes, bundles, checkpoints and proofs, and reads them from a directory
// or over HTTP ([Source]). It knows nothing of the journal: package journal decides what an
// entry's bytes mean, when they are durable and which process writes the files.
//
// Invariants:
//   - A [Path] and its text are each other's inverse; no other text is accepted.
//   - Nothing is read that lies outside the size the caller names.
//   - A partial tile whose file is gone is read from the full one that replaced it.
package tiles
