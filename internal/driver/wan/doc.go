// Package wan is the network between the regions of one machine: it carries every byte from
// one region to another with the latency and loss that the platform declares, and cuts a way
// when a fault says so (rows 7.1.9, 7.5.1).
//
// A region reaches another one by addresses of its own: for each far address there is a near
// one, where a [Relay] listens. So the distance is the same for every engine, with and
// without network namespaces, with and without root: nothing in the kernel is changed.
//
//	way.go       a way, and what it does to what goes along it
//	gates.go     which ways are cut now
//	line.go      one direction of a connection: bytes in their order, each after its time
//	relay.go     a near address: connections
//	datagram.go  a near address: datagrams
//	pulse.go     what measures every way
//
// What is true of a real network and so of this one:
//
//   - A connection begins after one round trip, and each byte takes half of one.
//   - What is lost is sent again by TCP: it comes later, and what follows waits for it. A
//     datagram that is lost is lost.
//   - While a way is cut nothing comes along it. No connection begins unless both ways are
//     open, because each side must hear the other. When the way is open again, connections
//     that nobody has given up go on.
//   - An address where nobody listens refuses connections, here as there: programs with
//     several addresses try the next one.
//
// What is not: a connection's own congestion control. A link has no bandwidth of its own.
package wan
