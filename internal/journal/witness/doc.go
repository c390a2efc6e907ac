// Package witness lets the servers of a platform watch each other's journals (row 7.8.5):
// C2SP tlog-witness (https://c2sp.org/tlog-witness) with tlog-cosignature, Ed25519
// cosignature/v1 (https://c2sp.org/tlog-cosignature).
//
//   - [Witness] serves POST /add-checkpoint. It cosigns a log's checkpoint after proving
//     that it extends the last one it cosigned, and keeps that one durably first.
//   - [Feeder] sends our own log's checkpoints to the other servers' witnesses and
//     collects their cosignatures. It fails open: a witness that is away is an alarm,
//     never a delay.
//   - [Quorum] is what a verifier asks of a cosigned checkpoint.
//
// Findings, and who makes them:
//
//   - Fork: the log signed two roots for one size, or an extension whose own proof shows
//     another past. Two signed checkpoints prove it to anybody ([Finding.Verify]).
//   - Rollback of the log's directory: the witness is offered a size below the one it
//     has cosigned, and the feeder is told a size above its own. Once the log has grown
//     past that size again, the same event is a fork.
//   - Rollback of one witness's directory: the feeder remembers which sizes the witness
//     has cosigned and finds that it has forgotten them ([Forgot]). The witness itself
//     cannot tell.
//
// Not found: the log, its feeder's memory and a witness that are rolled back together to
// the same moment look as they did then. While fewer than a quorum are rolled back, the
// others still hold the larger size. A log that is forged before a witness first sees it is
// believed.
//
// A rolled-back witness that nobody notices may cosign a fork once; a quorum above half
// of the witnesses makes one such witness not enough.
package witness
