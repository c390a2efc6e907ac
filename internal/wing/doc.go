// Package wing is the contract between a wing and the server: a [Wing] is all that a wing
// provides, a [House] is all that it receives.
//
// A wing is one folder: its core decides and sees only the core of the house; its wiring
// connects the core's ports to drivers and facts; its door is how programs and people reach
// it. The wiring's New takes a [House] and returns a [Wing]; the server registers it with
// one line, and runs what it holds.
package wing
