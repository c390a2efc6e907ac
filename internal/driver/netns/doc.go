// Package netns gives each zone of a region a network namespace of its own on one
// machine, so that partitions and delay between zones are the kernel's and not ours
// (rows 7.1.3, 7.5.1).
//
// A region is a small routed network: one namespace is the router; each zone's namespace
// hangs on it by a veth pair that is called eth0 inside; one more pair leads to the
// namespace of the caller, the root namespace, where the region's edge and the server live.
//
//	zone a  eth0 ──┐
//	zone b  eth0 ──┤ router namespace ──  PREFIX (root namespace: edge, server)
//	zone c  eth0 ──┘
//
// The router is in a namespace of its own because every packet between two places of the
// region passes it and nothing else does: faults are laid there, as if into the wire, and
// the firewall and the forwarding of the machine have no say in it. It is a router and
// not a bridge because the kernel's packet queues do not reach every kernel's bridges.
//
// Invariants: every address is inside one 10.REGION.0.0/16; no namespace has a default
// route, nothing is translated, nothing leaves the machine, and there is no IPv6. The
// root namespace gets one interface, and Setup refuses a network that the machine uses
// already. Namespaces are held by mounts below [Dir], so they outlive whoever made them;
// Setup takes over what a killed run has left, Teardown removes it, both any number of times.
//
// The package never starts a process in a namespace (see package process), never
// injects a fault (see package fault), and never changes a setting of the machine.
package netns
