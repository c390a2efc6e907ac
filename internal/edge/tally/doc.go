// Package tally counts requests in whole seconds: by service, target, version
// and customer cell, with a latency histogram.
//
// It decides in which second a request belongs (the one it ended in) and keeps
// the last two minutes. Invariants: a second that has been handed out never
// changes again; every second has a number, seconds without traffic included,
// and numbers go on over a restart because they begin at the wall clock.
//
// It never samples, and never reads the clock: the time is an argument.
package tally
