// Package app is the server: it opens the journal and the state, registers the wings, runs
// the loop over the facts, and answers programs and people.
//
// wings.go lists the wings and hands what they hold to the house; loop.go runs the deciders;
// server.go opens and closes; http.go answers; compliance.go is what the server adds to that wing.
//
// Several servers hold one journal by package quorum: servers.go says how one takes part and
// passes requests on, seatfacts.go what the leader knows of the others, keys.go how they
// share the keys of persons, witness_seats.go that they cosign for each other.
package app
