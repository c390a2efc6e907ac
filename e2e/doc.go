// Package e2e holds the scenarios that run on real engines: a region is brought up as
// a person would, and what the README promises is done to it.
package e2e
