// Package ingest takes the audit events of applications into the journal (row 7.8.5).
//
// A batch is checked whole before anything is appended, is one atomic append, and is
// answered after the fsync. [audit.Event] documents the fields that an application may
// send.
//
// Invariants:
//   - An event's id, within its application and tenant, is recorded once. The journal
//     itself remembers the ids: the index of ids (seen.go) only says where to look, is
//     rebuilt from the journal when it is missing, and reaches back [Window], or maxRuns
//     times runIDs events if that is less (100 million, 1,157 a second all day).
//   - A repeat is answered with the first index; the same id with another content is
//     refused, and names both.
//   - An acknowledged event is durable. When the journal cannot take a batch, the answer is
//     503 with Retry-After and nothing of it was recorded.
//   - Nothing queues without a bound: at most slots batches are inside at a time.
//   - A tenant over its quota is refused alone; others in the same batch are recorded.
//
// The application's name comes from its credential, never from what it sends. Its actors
// stand in the journal as APPLICATION:ACTOR, so that none of them looks like an operator.
package ingest
