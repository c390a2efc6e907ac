// Package s3 drives any endpoint that speaks S3 with object lock, as an archive that
// nobody can change before its time (row 7.8.5; the locks of row 7.2.3).
//
// Its invariants:
//
//   - Every object that is to be kept carries its own COMPLIANCE lock, given with the
//     put. A bucket's default rule is never relied on: on some endpoints it guards objects
//     only as long as the rule itself is there, see [Probe].
//   - Nothing is believed: each put reads digest and lock back, and fails when they are
//     not what was asked. Each get checks the digest at the end of the body.
//   - A put with IfAbsent may be repeated: one whose answer was lost is recognized by its
//     digest, and its lock is completed. A put without IfAbsent may, when repeated, leave
//     the same bytes twice, as two versions.
//   - Locks are only ever extended.
//
// The embedded endpoint is in package gateway; the suite that an endpoint must pass in s3test.
package s3
