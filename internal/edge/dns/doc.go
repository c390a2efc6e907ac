// Package dns is the authoritative name server of an edge (row 7.1.2): it answers each
// resolver with the nearest region that is open and healthy.
//
//	decide.go  which regions, in which order: pure
//	zone.go    the answer to one question: names, record types, negative answers
//	server.go  sockets, EDNS, client subnets, limits
//	health.go  is a region there: probes of its edge, once a second
//
// It fails open: when everything looks dead it answers as if nothing were, because a
// wrong "nobody" is worse than an address that does not answer. It needs nobody to keep
// answering: with the control plane gone it answers by the last configuration, and pulls
// regions by its own probes. It never recurses and answers for its own zone alone.
package dns
