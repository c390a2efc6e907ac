// Package compliance is the wing of section 7.8: it makes claims provable and records
// unchangeable, and it seals and erases a person's data in them.
//
//	row               what                                       files
//	7.8.5             audit log that shows every change to it    peer.go, accusation.go, drills.go, tamper.go, rollback.go
//	7.8.5, GDPR 17    a person's data, sealed and erased         erasure.go, erased.go, sealed.go
//
// The log itself is package journal; this package watches it (servers cosign each other's
// checkpoints) and has the drill that proves that every change is found.
//
// A person is known here by a pseudonym alone. The names of operators who erase or look at
// sealed data, and their reasons, are never sealed: they are accountability, not the data
// of a customer.
package compliance
