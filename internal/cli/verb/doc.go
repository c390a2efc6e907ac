// Package verb is the kit of the command line: it has what the verbs of all wings share. A
// verb that shows a list is a List, a verb that changes something is an Action; both print
// through World.Print, so that -o means the same everywhere.
//
// Data goes to standard output and everything else to standard error. The exit code follows
// from the type of an error, never from its text: see Code.
package verb
