// Package tunnel carries connections between the loopback networks of two machines, so that
// what listens on loopback at one of them is reached at the same address from the other
// (row 7.1.9: a server of the control plane on a machine of its own).
//
// One machine has the gate, and others join it. Who joins dials the gate; over that one
// connection both open channels, so a joined machine needs no address of its own that others
// reach. The connection is SSH (RFC 4253, 4254): what it carries is encrypted, the gate is
// known by its key's fingerprint, and a machine by a key that it made itself. A machine
// shows the secret of an invitation once, to have its key accepted.
//
// What a machine reaches is listed on both ends: who listens names the addresses, and who
// dials refuses any other. While there is no connection nobody listens, so callers are
// refused as by an engine that is down.
//
// Invariants: the end of a direction is passed on as an end only when it was one (SSH alone
// does not tell an end from a loss, so an end is announced; everything else is a reset); a
// machine that connects again replaces its earlier connection; a silent connection is
// closed after [silent].
//
// The package never decides who may join, keeps no file, and knows nothing of what it carries.
package tunnel
