// Package edge is the traffic of one region: an HTTP proxy and a TCP relay
// that serve on their own, without the server, from the last configuration on
// their disk.
//
// It decides how a new configuration takes the place of the old one: whole or
// not at all, without dropping requests, sessions or listeners that stay. The
// halves decide the rest: package web for HTTP (rows 7.1.10 and 7.1.11), package
// relay for PostgreSQL and Redis (rows 7.1.4, 7.1.5, 7.1.8), both with the pure
// judgement of package decide. Clients' connections begin in package front (HTTP/2,
// TLS), with the certificates of package cert.
//
// Invariants: the served configuration is the one on the disk; a configuration that is
// invalid, older, or cannot be bound or stored changes nothing; every change of a breaker,
// target, leader, fence or hold is an event with a number.
//
// It never talks to the server, never journals and never chooses who should
// lead: it reports, and is told.
package edge
