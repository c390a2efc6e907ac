// Package archive carries the journal into an object store where nobody can change it
// before its time, and verifies it there from nothing but the bucket (rows 7.8.5, 7.2.3).
//
// The bucket, below an optional prefix:
//
//	tile/<L>/<N>[.p/<W>]              hashes, as https://c2sp.org/tlog-tiles names them
//	tile/entries/<N>[.p/<W>]          entries, as the same
//	part/<first>-<next>.parquet       the same entries as a table, 20 digits each
//	checkpoint/<size>                 a signed note over the first <size> entries
//	manifest/<first>-<next>.json      every object of a part with its version and digest
//
// A part is the entries [first, next): cut when enough of them wait or the oldest has
// waited long enough ([Limits.Decide]). Its objects are put in this order: tiles that
// became full and partial ones at its end, the table, the checkpoint, the manifest. So a
// checkpoint in the bucket covers only what is there.
//
// Invariants:
//   - Before the first object of a part, the entry archive.begun says where it ends and
//     until when it is kept; after the last one archive.stored says what the store was seen
//     to hold. All keys and bytes follow from the log and from archive.begun, so an
//     interrupted part is carried again as if from its start: an object that is there
//     already with the same content counts as done.
//   - Nothing is overwritten. Another content under a key is [ErrConflict]: an alarm.
//   - Each object carries its own COMPLIANCE lock, read back by the store and compared here.
//   - Entries are hashed and compared with the signed tree before they are put, so that bit
//     rot on the disk is not archived.
//   - Nothing begins before a probe has seen that the store's locks hold.
//   - A store that is away costs nothing but time: entries wait in the log, one entry
//     says so when it lasts (archive.failed), one when it is over (archive.resumed).
//
// [Verify] reads of each key the oldest version: nobody can put one before it, so a newer
// version or a delete marker over a locked object hides nothing.
package archive
