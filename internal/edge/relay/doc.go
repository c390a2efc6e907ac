// Package relay is the TCP half of the edge: one [Service] stands in front of a
// replicated PostgreSQL or Redis and follows its leader.
//
// It decides, with decide.Leadership, to whom sessions go, which of them end,
// and which wait. It serves rows 7.1.4, 7.1.5 and 7.1.8: clients keep one address and
// reach the new leader with their next connection.
//
// What happens to sessions:
//   - A new session waits for a leader (5 s by default) instead of failing.
//   - A leader that falls silent keeps its sessions. They end when another
//     member claims a higher term, when it says itself that it no longer leads,
//     when a connection to it is refused, or by Cut. One that lives and refuses to say
//     whether it leads, as a Redis with too many clients does, keeps them likewise; and
//     what the edge itself lacks, such as descriptors, changes nothing at all.
//   - Hold makes new sessions wait. A PostgreSQL session may finish its
//     transaction and then waits before its next statement; a Redis session
//     waits before its next bytes. Sessions are not moved: authentication,
//     prepared statements and settings belong to a server process. When the
//     leader changes they end with SQLSTATE 57P01 if nothing of them is in
//     doubt, so that a client may send again what it has sent, and with 08007
//     if an answer was owed. A hold always ends by itself.
//
// Invariants: no byte is forwarded to a member after Cut has returned; nothing
// is forwarded twice; one slow member delays no question to another.
//
// It never fences a machine, promotes a member, or looks into statements.
package relay
