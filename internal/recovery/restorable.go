package recovery

import (
	"fmt"
	"strings"
	"time"
)

// Restorable answers for one region: could its data be restored right now, and to when. What is
// unknown is never ready.
type Restorable struct {
	Region   string    `json:"region"`
	Ready    bool      `json:"ready" doc:"a backup is there, the log that follows it has no gap, and both are of late"`
	Reasons  []string  `json:"reasons" doc:"why it is not ready; empty when it is"`
	Follows  string    `json:"follows,omitempty" doc:"region whose cluster this one follows; that one is backed up, and this one is not"`
	Known    bool      `json:"known" doc:"the repository was read within the last three minutes"`
	At       time.Time `json:"at,omitzero" doc:"when the server has read the repository"`
	Backups  int       `json:"backups"`
	Newest   string    `json:"newest,omitempty" doc:"label of the newest backup"`
	NewestAt time.Time `json:"newest_at,omitzero" doc:"when it was complete"`
	FullAt   time.Time `json:"full_at,omitzero" doc:"when the newest full backup was complete"`
	Until    time.Time `json:"until,omitzero" doc:"everything up to this time can be restored: when the newest segment of the log that is reached without a gap was stored"`
	Segment  string    `json:"segment,omitempty" doc:"that segment"`
}

// RestorableOf judges what is known of a region.
func RestorableOf(v View, now time.Time) Restorable {
	out := Restorable{Region: v.Region, Reasons: []string{}, Follows: v.Follows, Known: v.Known(now), At: v.Seen.At, Backups: len(v.Seen.Repository.Backups)}
	newest, full := v.Seen.Newest()
	if newest.Label != "" {
		out.Newest, out.NewestAt, out.FullAt = newest.Label, newest.Ended, full.Ended
		out.Until, out.Segment = later(newest.Ended, v.Seen.Log.Stored), v.Seen.Log.Last
	}
	if v.Follows == "" {
		for _, f := range v.troubles(now) {
			out.Reasons = append(out.Reasons, f.text)
		}
	}
	out.Ready = v.Follows == "" && len(out.Reasons) == 0
	return out
}

// Line says it in one line, for the status.
func (r Restorable) Line(now time.Time) string {
	switch {
	case r.Follows != "":
		return fmt.Sprintf("backed up    %s/postgres follows %s, which is backed up", r.Region, r.Follows)
	case !r.Ready:
		return fmt.Sprintf("no restore   %s/postgres: %s", r.Region, strings.Join(r.Reasons, "; "))
	}
	return fmt.Sprintf("restorable   %s/postgres up to %s, %s ago; newest of %d backups %s ago", r.Region, r.Until.UTC().Format(time.TimeOnly), round(now.Sub(r.Until)), r.Backups, round(now.Sub(r.NewestAt)))
}

func round(d time.Duration) time.Duration {
	if d < time.Minute {
		return max(d, 0).Round(time.Second)
	}
	return d.Round(time.Minute)
}
