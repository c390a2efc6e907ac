// Package cli is the door for people at a terminal: one file per verb.
//
// Data goes to standard output and everything else to standard error. Exit codes:
// 0 ok, 1 failed, 2 usage, 3 objective not met, 4 needs approval or refused by a
// guard, 5 integrity failed. A flag wins over FOURNINES_*, that over the default.
package cli
