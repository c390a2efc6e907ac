// Package staging restores a backup into a server of its own, looks at it, and takes it away again
// (rows 7.2.4 and 7.2.5). It is a hand: it acts where it stands and keeps no record. What it has seen
// is a fact.RestoreTest, which the recovery wing judges.
//
// A run has seven phases, each with its time; see [Phases]. Its invariants:
//
//   - A log with a gap before the target is refused before anything is fetched.
//   - Nobody reaches the server, and it reaches nobody: it stands in a network namespace of its own,
//     without an interface that is up and without a route. A process inside proves that before the
//     server begins; where the machine has no such namespace, nothing is restored. The server listens
//     on a Unix socket in a directory that is closed to others, archives nothing, subscribes to
//     nothing, loads no library, and runs no command of the configuration that came with the backup.
//   - The server fetches its log from the runner, over a Unix socket, and never from the store.
//     PostgreSQL takes a failed restore_command for the end of the log, and promotes, unless its
//     exit code is 126 or more: so "not stored" alone is 1. A segment that the plan has seen as
//     stored is never "not stored" later. A store that is away is asked again.
//   - The server dies with its runner. What a killed run left is ended at the next start, by the
//     directory that it works in, and taken away. A directory that holds anything else is refused.
//
// What a namespace of the network does not close are Unix sockets in directories that the server's
// user may enter, such as the production server's on the same host. Nothing in the server opens one
// by itself: no library is loaded, and nothing of the restored configuration is run.
//
// Extensions that work only when they are preloaded, and what they store, cannot be looked at.
package staging
