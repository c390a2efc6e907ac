// Package recovery is the wing of the seed's section 7.2: backups that are proved by restoring
// them. So far it makes them, says whether a region could be restored, and decides which full backups stay.
//
//	7.2.1  backup.go: one backup: plan, run beside the leader, verify, record; wish.go: what a node
//	       is asked for, and what was made; decide.go: backups before their time; view.go: what is
//	       known of a region; restorable.go, finding.go: could it be restored now, and why not
//	7.2.6  reach.go: whether a moment can be reached, from which backup, and what could instead
//	7.2.2  full.go: a full backup as the repository lists it; period.go: days, weeks and months;
//	       keep.go: the grandfather-father-son set, promotions, expiries
//	7.2.2  window.go: how many fulls keep their archive, for a restore to any moment
//	7.2.3  keep.go: until when each backup is to be locked
//	7.2.4  assertion.go: the ten things that a restore must show; no drill restores yet, so that
//	       nothing but its tests asks it
//
// # A backup
//
// A backup runs for longer than a server may live, beside a database that may be fenced. So the
// server only wishes for it: the wish is an entry, the zone's node carries it out as a job, once for
// its key, and ends it when the wish is taken back. How the job ended proves nothing. The server
// reads the repository itself, and a backup has succeeded when that lists it, with the operation's
// name and all of the log that it needs. What could not be read lately is unknown, and never well.
//
// # The keep set
//
// 30 daily, 12 weekly, 84 monthly: the newest 30 days, 12 weeks and 84 months that have a good
// full each keep one. Days, weeks (ISO 8601, from Monday) and months are in UTC, by the time at
// which the backup stopped. The full of a period is the first good one in it, or the one that
// was promoted for it already: a lock cannot be taken back, so the choice never changes while that
// backup is good. Periods without a good full do not count, so a time without backups, or a clock that
// jumps ahead, expires nothing: only a newer full takes an older one's place.
//
// A good full on a day that has its daily one already is an extra, and stays as long as
// that. Nothing expires while its lock holds, while it is the newest good full, or while its time is
// in the future. A full that failed fills no place, and expires where there is a good one.
//
// Deciders are pure; the wiring acts.
package recovery
