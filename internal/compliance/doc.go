// Package compliance is the wing of section 7.8: that what is claimed can be shown, that
// nobody can change it afterwards, and what an operator does about a person's data in it.
//
//	row               what                                       files
//	7.8.5             audit log that shows every change to it    peer.go, accusation.go, drills.go, tamper.go, rollback.go
//	7.8.5, GDPR 17    a person's data, sealed and erased         erasure.go, erased.go, sealed.go
//
// The log itself is package journal; here is who watches it (servers that cosign each
// other's checkpoints) and the drill that shows what the watching is worth.
//
// A person is known here by a pseudonym alone. Who erases, who looks at sealed data and
// why is never sealed: it is accountability, not the data of a customer.
package compliance
