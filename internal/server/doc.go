// Package server is one server's part in the control plane: leadership, seats and quorum
// (rows 7.1.9, 7.8.5).
//
// open.go opens journal and state of a server that decides alone, takepart.go of one that
// decides with others; serve.go answers, and passes requests on to the leader. seats.go is
// what the leader knows of the other servers, keys.go how they share the keys of persons,
// witness_seats.go that they cosign for each other, machine.go which machines may run one.
package server
