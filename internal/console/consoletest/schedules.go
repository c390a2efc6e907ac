package consoletest

import (
	"context"
	"time"

	scheduledoor "github.com/greenlang/fournines/internal/schedule/door"
)

// Schedules are one that waits, one that runs after a failure, one that is paused, and one
// whose times are over.
func (f *Fixture) Schedules(context.Context) ([]scheduledoor.Schedule, error) {
	next := func(first, every time.Duration) (out []time.Time) {
		for i := range 5 {
			out = append(out, Noon().Add(first+time.Duration(i)*every))
		}
		return out
	}
	return []scheduledoor.Schedule{
		{Name: "backup-full", Does: "Takes a full backup of each cluster.", Cron: "0 2 * * *", Zone: "UTC", State: "waiting", Next: next(14*time.Hour, 24*time.Hour), Succeeded: before(10 * time.Hour),
			Newest: &scheduledoor.ScheduleOutcome{Key: "backup-full@20261123T020000Z", State: "succeeded", Ended: before(10 * time.Hour), Entry: 201}},
		{Name: "backup-incr", Does: "Takes an incremental backup of each cluster.", Cron: "0 * * * *", Zone: "UTC", State: "running", Next: next(time.Hour, time.Hour), Failures: 1,
			Running: &scheduledoor.ScheduleRun{Key: "backup-incr@20261123T120000Z", Missed: 2, Begun: before(2 * time.Second), Entry: 257},
			Newest:  &scheduledoor.ScheduleOutcome{Key: "backup-incr@20261123T090000Z", State: "failed", Error: "the repository is <full>", Ended: before(3 * time.Hour), Entry: 231}},
		{Name: "old", Does: "Does nothing any more.", Cron: "59 23 31 12 *", Zone: "Europe/Berlin", State: "waiting"},
		{Name: "restore-test", Does: "Restores production into staging.", Cron: "0 4 1 * *", Zone: "Australia/Lord_Howe", State: "paused", Next: next(300*time.Hour, 31*24*time.Hour),
			Pause: &scheduledoor.SchedulePause{By: "token:ann", Reason: "staging moves", At: before(26 * time.Hour), Entry: 190}},
	}, nil
}
