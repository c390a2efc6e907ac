package recovery

import (
	"fmt"
	"time"

	"github.com/greenlang/fournines/internal/fact"
)

// Reach says whether a region can be restored to a moment, from which backup, and what could be
// reached instead.
type Reach struct {
	Region   string        `json:"region"`
	Target   time.Time     `json:"target,omitzero" doc:"absent: as late as possible"`
	Ready    bool          `json:"ready"`
	Reasons  []string      `json:"reasons" doc:"why it cannot be reached; empty when it can"`
	Backup   string        `json:"backup,omitempty" doc:"label of the set that the restore begins with"`
	Ended    time.Time     `json:"ended,omitzero" doc:"when that was complete: nothing before can be reached from it"`
	Until    time.Time     `json:"until,omitzero" doc:"everything up to this time can be reached from it"`
	Segments int           `json:"segments" doc:"of the log that are read"`
	Gaps     []fact.WALGap `json:"gaps"`
	Earliest time.Time     `json:"earliest,omitzero" doc:"the earliest moment that any backup reaches"`
	Next     time.Time     `json:"next,omitzero" doc:"from this moment on, behind the gap, it can be restored again"`
}

// usable are the backups of the cluster that is there now, the oldest first.
func usable(r fact.BackupRepository) []fact.Backup {
	if len(r.Clusters) == 0 {
		return nil
	}
	current := r.Clusters[len(r.Clusters)-1].Number
	var out []fact.Backup
	for _, b := range r.Backups {
		if b.Cluster == current && !b.Damaged {
			out = append(out, b)
		}
	}
	return out
}

// BackupFor returns the backup to begin with: the newest that was complete at the target, whose
// zero value is as late as possible. No older one leads further, because its log goes through that
// of every later one. False: none was complete by then.
func BackupFor(r fact.BackupRepository, target time.Time) (b fact.Backup, found bool) {
	for _, one := range usable(r) {
		if target.IsZero() || !one.Ended.After(target) {
			b, found = one, true
		}
	}
	return b, found
}

// ReachOf judges whether a target can be reached; log leads there from the backup of [BackupFor].
func ReachOf(region string, r fact.BackupRepository, log fact.WALChain, target, now time.Time) Reach {
	out := Reach{Region: region, Target: target, Reasons: []string{}, Gaps: []fact.WALGap{}}
	refuse := func(format string, args ...any) { out.Reasons = append(out.Reasons, fmt.Sprintf(format, args...)) }
	all := usable(r)
	if len(all) == 0 {
		refuse("the cluster has no backup, so nothing of it can be restored")
		return out
	}
	out.Earliest = all[0].Ended
	b, found := BackupFor(r, target)
	switch {
	case target.After(now):
		refuse("%s is in the future", stamp(target))
	case !found:
		refuse("the oldest backup, %s, was complete at %s, which is later: nothing before can be restored", all[0].Label, stamp(all[0].Ended))
	}
	if !found {
		return out
	}
	out.Backup, out.Ended, out.Segments, out.Until = b.Label, b.Ended, log.Segments, later(b.Ended, log.Stored)
	out.Gaps = append(out.Gaps, log.Gaps...)
	switch {
	case log.Reached:
		out.Ready = len(out.Reasons) == 0
		if !target.IsZero() {
			out.Until = later(out.Until, target)
		}
		return out
	case len(log.Gaps) > 0 && log.Stored.IsZero():
		out.Backup, out.Until = "", time.Time{}
		refuse("backup %s cannot be restored at all: the log has a gap where it begins, %s", b.Label, gapText(log))
	case len(log.Gaps) > 0:
		refuse("the log has a gap, %s: from backup %s everything up to %s can be reached, and nothing after it", gapText(log), b.Label, stamp(out.Until))
	case !target.After(now):
		refuse("the stored log ends at %s: nothing later can be restored yet", stamp(out.Until))
	}
	for _, one := range all {
		if len(log.Gaps) > 0 && one.Ended.After(out.Until) && one.Ended.After(b.Ended) {
			out.Next = one.Ended
			break
		}
	}
	return out
}

func stamp(at time.Time) string { return at.UTC().Format(time.RFC3339) }
