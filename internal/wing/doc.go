// Package wing says what a wing hands to the house, and what the house hands to a wing.
//
// A wing is one folder: its core decides and sees only the core of the house; its wiring
// connects the core's ports to drivers and facts; its door is how programs and people reach
// it. The wiring's New takes a [House] and returns a [Wing]; the server registers it with
// one line, and runs what it holds.
package wing
