// Package cli is the door for people at a terminal: the verbs of no wing, one
// file each, and the list of all. The wings' verbs stand in their doors, and what verbs share
// in verb.
//
// Data goes to standard output and everything else to standard error. Exit codes:
// 0 ok, 1 failed, 2 usage, 3 objective not met, 4 needs approval or refused by a
// guard, 5 integrity failed. A flag wins over FOURNINES_*, that over the default.
package cli
