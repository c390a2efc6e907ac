// Package dns is the authoritative name server of an edge (row 7.1.2): it answers each
// resolver with the nearest region that is open and healthy.
//
//	decide.go  which regions, in which order, and who shares the clients: pure
//	near.go    the latency table: longest prefix, and the scope of an answer (RFC 7871)
//	zone.go    every answer of one configuration and one state of health, packed ahead
//	fast.go    common questions: the packed answer behind the question, without a library
//	message.go one message: limit, fast path, the rest
//	answer.go  every other question, by the library; both answer alike, and a test holds them
//	limit.go   how much one client network may ask over UDP
//	health.go  is a region there: probes of its edge's HTTP
//	batch.go, door.go  sockets: one of UDP for each processor, many packets a call; TCP (RFC 7766)
//
// It fails open: when every region looks dead it answers as if all were healthy, because a
// wrong empty answer is worse than an address that does not answer. It does not depend on
// the control plane: without it, it answers by the last configuration, and withdraws
// regions by its own probes. It never recurses and answers for its own zone alone.
package dns
