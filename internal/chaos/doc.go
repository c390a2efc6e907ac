// Package chaos is the wing of the seed's section 7.5: it breaks things on purpose,
// for a while, and says what was seen.
//
//	7.5.1  fault.go: wishes, and when a fault is over; wiring/: targets, leases, how a fault is seen;
//	       fact/fault.go: every kind; driver/fault and node inject them
//
// The journal holds the request for a fault before a node injects it, and the fault is a
// lease that ends by itself. This package decides whether a fault may begin and when it
// counts as seen; it injects nothing itself.
package chaos
