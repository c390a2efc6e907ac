// Package audit records what people do in an application in the platform's journal,
// where it can be proved and never changed.
//
// [Client.Record] returns once the event is on this machine's disk; a sender carries it
// to the server, in order, in batches, as often as it takes. What Record has accepted is
// in the journal once, whatever is killed and however often, as long as the spool's disk
// lives. While the server is away events gather in the spool; when that is full Record
// says [ErrFull], and the application decides: refuse the action, or wait.
//
// The spool directory, which one process has at a time:
//
//	lock              held by that process
//	NNN.spool         frames: magic, length, CRC-32C, the event as JSON
//	sent              how far the server has acknowledged; only saves repeats
//	refused.jsonl     events that the server will never take, each with the reason
//	damaged/          bytes that were no event any more when they were read
//
// A torn tail, the remains of an event that Record has not accepted, is cut off. Damage
// anywhere else is set aside, reported, and the rest goes on.
//
// Everything in an event but Personal can be read by whoever reads the journal, for
// seven years. Name people by ids; what else is about them belongs into Personal.
package audit
