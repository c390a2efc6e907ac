// Package place says where everything of an installation stands: addresses, ports,
// directories, secrets, and which regions, zones and servers run on this machine. It
// computes them from the platform file and from the decisions of `up`, and asks no other
// process.
package place
