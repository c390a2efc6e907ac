// Package schedule says which planned work is due: cron expressions in a time zone, catch-up
// after downtime, pauses, and maintenance windows, for every wing (rows 7.2.1, 7.2.4, 7.2.5).
//
//	cron.go      an expression in a zone, and the next times at which it plans
//	wall.go      which moment a time on a zone's wall clock is, over changes of summer time
//	schedule.go  what a wing hands over: name, times, and the action of a planned time
//	window.go    maintenance windows, in which nothing begins
//	course.go    the document of one schedule: what began and ended last, and its pause
//	fold.go      the kinds of entries, and the fold that keeps the documents
//	decide.go    which schedules are due, once each for all that was missed
//	settle.go    what becomes of a run that has begun
//	finding.go   what needs a person: late, failing, paused for long, a clock that went back
//
// A run is known by its [Key], which the schedule's name and the planned time make; control
// keeps the operation under it. A run goes through two entries: schedule.begun is durable before
// the action is handed to control, and schedule.ended follows its outcome. A server that dies
// between the two, or another that leads after it, finds the run in the document, hands the
// same action over again under the same key, and control returns the operation that it already is.
//
// A course remembers the newest planned time that began, so nothing begins twice when the
// clock goes back by less than [Tolerance]: the schedule waits until the clock has caught up. Beyond
// that the remembered time is taken for that of a wrong clock, and planning begins anew.
//
// Everything here is pure: no clock, network, goroutine, or randomness. The wiring acts.
package schedule
