// Package board holds the newest of every fact that nodes, edges, probers and the drivers
// report, and wakes whoever waits for the next one. It is memory only.
package board
