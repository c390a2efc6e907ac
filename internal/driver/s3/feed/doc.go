// Package feed is a store's change feed: the keys of a bucket that may have changed, in order,
// so that one reader, the replicator (row 7.1.7), need not list what exists to learn what changed.
//
// Its invariants:
//
//   - Write-ahead: a key is in the feed, on the disk, before its put or deletion has any effect
//     ([Feed.Begin]). kill -9 at any point loses no change that anybody could see. A key that is
//     named and did not change costs a look and nothing else.
//   - What is under way is told apart: the changes up to [Page.Safe] have ended. Those after it
//     must be looked at once more.
//   - The reader's position is kept here, beside what it is a position in, so both are lost or
//     restored together. What it has confirmed is trimmed.
//   - A page tells the histories of the keys that it names as well, read after them ([Page.Histories]):
//     the reader need not ask for what has changed.
//   - A feed that cannot vouch for itself (damaged, longer than its bound, of another bucket) is
//     thrown away whole. The next one has another [Page.ID], by which the reader learns that
//     everything must be compared. There is never a silent gap.
//
// No bucket has a feed until a reader begins one ([Feed.Confirm]).
package feed
