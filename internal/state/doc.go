// Package state is what is now: documents folded from the journal, kept in etcd
// with the journal index they have applied.
//
// The journal is the truth and state is its projection, so nothing is ever
// written here that is not an entry first. A crash between the two repairs itself:
// [Open] loads the documents and replays the entries behind them. A state that is
// ahead of its journal is refused, because then the journal has lost entries.
package state
