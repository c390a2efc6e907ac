package schedule

import "time"

// CoursePrefix begins the keys of courses in the state; the schedule's name follows. There are
// as many as schedules were ever known by name, each of a bounded size.
const CoursePrefix = "schedule/"

// Course is how one schedule has gone so far. Journal indexes prove what it says.
type Course struct {
	Name  string    `json:"name"`
	Cron  string    `json:"cron"`
	Zone  string    `json:"zone"`
	Since time.Time `json:"since" doc:"planned times before it are not caught up"`

	Planned time.Time `json:"planned,omitzero" doc:"the newest planned time that has begun"`
	Running *Run      `json:"running,omitempty"`
	Pause   *Pause    `json:"pause,omitempty"`

	Newest    *Outcome  `json:"newest,omitempty" doc:"of the newest run that has ended"`
	Succeeded time.Time `json:"succeeded,omitzero" doc:"when a run succeeded last"`
	Failures  int       `json:"failures,omitempty" doc:"runs that failed in a row, the newest of them"`
	Failing   time.Time `json:"failing_since,omitzero" doc:"end of the first of them"`

	Last uint64 `json:"last" doc:"journal index of the newest entry about it"`
}

// Run is a run that has begun.
type Run struct {
	Key     string    `json:"key" doc:"of its operation"`
	Planned time.Time `json:"planned"`
	Missed  int       `json:"missed,omitempty" doc:"earlier planned times that it stands for as well; 999 may be more"`
	Begun   time.Time `json:"begun"`
	Entry   uint64    `json:"entry,omitempty"`
}

// Outcome is how a run ended.
type Outcome struct {
	Key     string    `json:"key"`
	Planned time.Time `json:"planned"`
	State   string    `json:"state" doc:"that of its operation, or lost: nobody knows how it ended"`
	Error   string    `json:"error,omitempty"`
	Ended   time.Time `json:"ended"`
	Entry   uint64    `json:"entry,omitempty"`
}

// Pause keeps a schedule from beginning.
type Pause struct {
	By     string    `json:"by"`
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
	Until  time.Time `json:"until,omitzero" doc:"zero: until somebody resumes it"`
	Entry  uint64    `json:"entry,omitempty"`
}

// PauseAt returns the pause that keeps a schedule from beginning at a moment; nil: none does.
func (c Course) PauseAt(now time.Time) *Pause {
	if c.Pause == nil || !c.Pause.Until.IsZero() && !now.Before(c.Pause.Until) {
		return nil
	}
	return c.Pause
}

// base is the moment after which planned times have not begun.
func (c Course) base() time.Time {
	if c.Planned.After(c.Since) {
		return c.Planned
	}
	return c.Since
}
