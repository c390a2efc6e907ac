// Package compliance is the wing of section 7.8: that what is claimed can be shown, and
// that nobody can change it afterwards.
//
//	row      what                                       files
//	7.8.5    audit log that shows every change to it    peer.go, accusation.go, fold.go, drills.go, tamper.go
//
// The log itself is package journal; here is who watches it (servers that cosign each
// other's checkpoints) and the drill that shows what the watching is worth.
package compliance
