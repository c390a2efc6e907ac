// Package outside asks the platform from a place outside every region, as a customer does
// (row 7.1.12): the clients of a dead region fail at a dead edge, and no edge counts them.
//
// Once a second, for each home: it asks the platform's authoritative name servers for the
// service's name, with the network of the customers it stands for (RFC 7871), and believes
// the answer for its time to live; connects anew to the answered edge; reads, and then
// commits a small write. The edges count neither, because both are below the health path.
//
// A second is served, failed, or unknown. What fails while this very process stood still, or
// because it lacks descriptors or the like, is unknown, and so is every second of which nothing was told: a prober that was off, or
// killed, has no outcome for its gaps. Nothing that is unknown is ever counted as served.
//
// [Tally] holds the finished seconds until the server has them in its journal.
package outside
