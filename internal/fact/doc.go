// Package fact is what is: observations with their time and source, as plain data.
//
// Nodes, edges and probes of the server produce facts; deciders read them. A fact
// never says what should be, and absence of a fact is itself information: every
// fact carries the time it was seen, and each reader decides when it is too old.
package fact
