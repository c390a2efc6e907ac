// Package pgbackrest drives pgBackRest ≥ 2.45: it renders a stanza's configuration, and backs
// up, restores, expires, annotates and verifies (rows 7.2.1, 7.2.2, 7.2.6). It is the first engine
// behind the ports of the recovery wing, which speak of fact.Backup and its like.
//
// Its invariants:
//
//   - An exit code is never believed. After each verb its effect is read from the repository
//     or from the restored directory; where it is not there, the error is [ErrUnproved].
//     `verify` of 2.45 exits 0 over damaged and even over unreachable repositories, `info`
//     exits 0 over a wrong passphrase, `expire` exits 0 over a set that there is not.
//   - A silence is a finding. A set that the repository lists and `verify` does not name, a
//     segment that nobody misses, a manifest of which only the copy is left: each is named.
//   - No shell, no output without a bound, no file outside the stanza's home. What fails says
//     which command, the meaning of its code, and what to do; see [Error].
//   - Nothing expires by itself: expire-auto is off and the retention is out of reach, so that
//     a set goes only when somebody asks for it by its label.
//
// Gaps in the write-ahead log are found by [Engine.Chain], from the names of what is stored: a
// restore past a gap exits 0, and the server starts and answers for about a second.
package pgbackrest
