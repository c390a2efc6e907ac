// Package wiring connects the compliance wing to the platform (section 7.8): witnesses cosign
// the journal, applications' events come in and personal data in them are sealed, the journal
// is carried into the archive, and questions about it are answered.
//
//	wiring.go                       the wing, and what opens and closes with it
//	witness.go, peers.go            our witness, the feeder of our checkpoints, and people's choice of peers
//	custody.go, persons.go          the keys of persons, what is sealed by them, and erasures
//	archive.go, archive_source.go,  the archive, what it tells people, and its metrics;
//	archive_metrics.go              package bucket is where it is
//	query.go                        questions about the journal
//
// Package archivetest proves the archive on a whole region.
package wiring
