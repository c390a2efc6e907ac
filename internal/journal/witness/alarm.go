package witness

import (
	"fmt"
	"time"
)

// Trouble says what a feeder is alarmed about.
type Trouble string

// The kinds of trouble that a [Feeder] finds.
const (
	// Away: a witness has not cosigned for FeederOptions.AlarmAfter. Operations go on.
	Away Trouble = "away"
	// Shrunk: a witness has cosigned a larger tree than our log now has: our log's
	// directory was rolled back.
	Shrunk Trouble = "shrunk"
	// Contradicted: a witness knows another history of our log than the log now tells.
	Contradicted Trouble = "contradicted"
	// Forgot: a witness no longer knows a size that it has cosigned: its directory was
	// rolled back. It goes on cosigning, but its word counts less until this is explained.
	Forgot Trouble = "forgot"
	// Stuck: our own log gives no valid checkpoint for FeederOptions.AlarmAfter.
	Stuck Trouble = "stuck"
	// Unkept: a cosigned checkpoint could not be kept.
	Unkept Trouble = "unkept"
)

// Alarm is one change of what a feeder knows about a witness, or about its own log when
// Witness is empty. Each kind of trouble is raised once and cleared once; Forgot is an
// event, raised each time and never cleared.
type Alarm struct {
	Trouble Trouble
	Witness string // name of its key
	Since   time.Time
	At      time.Time
	Cleared bool
	Err     error // nil when cleared
}

// String says it in a line.
func (a Alarm) String() string {
	who := "our own log"
	if a.Witness != "" {
		who = "witness " + a.Witness
	}
	if a.Cleared {
		return fmt.Sprintf("%s: %s no longer, after %s", who, a.Trouble, a.At.Sub(a.Since).Round(time.Second))
	}
	return fmt.Sprintf("%s: %s since %s: %v", who, a.Trouble, a.Since.Format(time.RFC3339), a.Err)
}

// watch turns a sequence of results into alarms that are raised once, after a while, and
// cleared once. It is pure: the time is given.
type watch struct {
	name   string
	after  time.Duration
	since  time.Time // of the first failure in a row
	raised bool
}

// observe takes the result of one try.
func (w *watch) observe(t Trouble, err error, now time.Time) *Alarm {
	if err == nil {
		was := *w
		w.since, w.raised = time.Time{}, false
		if was.raised {
			return &Alarm{Trouble: t, Witness: w.name, Since: was.since, At: now, Cleared: true}
		}
		return nil
	}
	if w.since.IsZero() {
		w.since = now
	}
	if w.raised || now.Sub(w.since) < w.after {
		return nil
	}
	w.raised = true
	return &Alarm{Trouble: t, Witness: w.name, Since: w.since, At: now, Err: err}
}
