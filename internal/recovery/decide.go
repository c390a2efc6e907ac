package recovery

import (
	"time"

	"github.com/greenlang/fournines/internal/control"
)

// againAfter is the time after which a backup that is needed, and was not made, is asked for again.
const againAfter = 10 * time.Minute

// settles is how long a cluster has led before its first backup begins: a platform that starts, or
// a move, is not slowed down by it.
const settles = 45 * time.Second

// Decide returns the backups that are needed before their time: the first one of a cluster, and
// a full one where the log has a gap, behind which no older backup leads. So does a cluster that
// leads after a move: its own repository has nothing of what happened elsewhere.
func Decide(views []View, now time.Time) ([]control.Action, error) {
	var out []control.Action
	for _, v := range views {
		why := v.needs(now)
		if why == "" {
			continue
		}
		key := "backup-needed@" + v.Region + "@" + now.UTC().Truncate(againAfter).Format("20060102T1504Z")
		a, err := NewBackup(key, v.Region, KindFull)
		if err != nil {
			return nil, err
		}
		a.Actor, a.Reason = "system:recovery", why
		out = append(out, a)
	}
	return out, nil
}

// needs says why a full backup is needed now; nothing where it is not, or is not known.
func (v View) needs(now time.Time) string {
	if v.Lacks != "" || v.Leader == "" || v.Busy || !v.Known(now) || now.Sub(v.Since) < settles {
		return ""
	}
	if _, full := v.Seen.Newest(); full.Label == "" {
		return "the cluster has no full backup"
	}
	if !v.Gap.IsZero() && now.Sub(v.Gap) > gapFor {
		return "the stored log has a gap, so that nothing later can be restored: " + gapText(v.Seen.Log)
	}
	return ""
}
