// Package app composes the server: it opens the state over the journal, registers the wings
// and the doors, runs the loop over the facts, and answers programs and people.
//
// wings.go lists the wings and hands what they hold to the house; doors.go lists the doors;
// loop.go runs the deciders; server.go opens and closes; http.go answers.
package app
