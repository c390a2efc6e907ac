// Package process drives operating-system processes on one Linux host: it starts
// them in sessions of their own so that they outlive their starter, finds them
// again after a restart of ours, signals exactly the process that was meant, and
// proves that a unit is gone.
//
// A process is identified by its pid and its start time, so a pid that the kernel
// gave to somebody else is never signalled. A unit is a home directory: every
// process that the installation has started (see [Own]) and whose working directory
// lies in it belongs to the unit, also after its parent died (Patroni's postmaster, for
// example, is no child of Patroni).
package process
