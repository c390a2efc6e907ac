// Package wiring connects the chaos wing to the platform: where faults may be injected, how
// nodes and guards bring them about, how they are seen from outside, and when nothing of
// them is left (row 7.5.1).
package wiring
