// Package quorum lets several servers hold one journal (row 7.1.9, "control plane across
// regions"): etcd elects the leader and orders the groups; this package has no consensus of
// its own.
//
//	/fournines/leader          the leader, bound to a lease; its create revision is the term
//	/fournines/log/next        size and root of the decided log
//	/fournines/log/group/N     the group of entries that begins with entry N; the newest ones
//
// Invariants:
//   - A group is decided by one transaction, which compares the term and the log's end.
//     Only then does the leader write it to its own disk and acknowledge it.
//   - Every server appends the decided groups in order, and compares the root that each
//     of them must give. So there is one log, with one origin and one key.
//   - A leader that does not know whether a group was decided tries the same bytes again
//     until it does, or until its lease is over; then it exits, and finds out after its
//     next start.
//   - A new leader first takes over everything that is decided. Groups that etcd no longer
//     keeps come from another server's log.
//   - A server whose lease may have expired stops acting: see [Quorum.Lost].
package quorum
