package door

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/schedule"
)

// Source is what the door reads and asks; the wiring fills it.
type Source interface {
	Lister
	// PauseSchedule keeps a schedule from beginning until a time, or until it is resumed. A run
	// that goes on is left alone. A NoneOfError where there is no schedule of the name, ErrRefused
	// where the time has passed.
	PauseSchedule(ctx context.Context, name string, until time.Time, reason string) error
	// ResumeSchedule ends a pause. What was missed in it is caught up in one run, unless it is to
	// be skipped. ErrRefused where the schedule is not paused.
	ResumeSchedule(ctx context.Context, name string, skip bool, reason string) error
}

// Lister lists schedules.
type Lister interface {
	// Schedules are those of all wings, by name.
	Schedules(ctx context.Context) ([]Schedule, error)
}

// Schedule is a schedule as people see it.
type Schedule struct {
	Name  string      `json:"name"`
	Does  string      `json:"does"`
	Cron  string      `json:"cron" doc:"minute, hour, day, month, weekday"`
	Zone  string      `json:"zone" doc:"of the IANA database"`
	State string      `json:"state" enum:"waiting,running,paused"`
	Next  []time.Time `json:"next" doc:"the next five planned times"`

	Pause   *SchedulePause   `json:"pause,omitempty"`
	Running *ScheduleRun     `json:"running,omitempty"`
	Newest  *ScheduleOutcome `json:"newest,omitempty" doc:"how the newest run ended"`

	Succeeded time.Time `json:"succeeded,omitzero" doc:"when a run succeeded last"`
	Failures  int       `json:"failures" doc:"runs that failed in a row, the newest of them"`
}

// What is known of one schedule, under the names that programs know it by.
type (
	SchedulePause   schedule.Pause
	ScheduleRun     schedule.Run
	ScheduleOutcome schedule.Outcome
)

// shown is how many planned times are shown.
const shown = 5

// ScheduleOf is a schedule and its course as people see them at a moment.
func ScheduleOf(s schedule.Timed, c schedule.Course, now time.Time) Schedule {
	out := Schedule{
		Name: s.Name, Does: s.Does, Cron: s.Cron, Zone: s.Zone, State: "waiting", Next: s.Upcoming(now, shown),
		Pause: (*SchedulePause)(c.PauseAt(now)), Running: (*ScheduleRun)(c.Running), Newest: (*ScheduleOutcome)(c.Newest), Succeeded: c.Succeeded, Failures: c.Failures,
	}
	switch {
	case out.Running != nil:
		out.State = "running"
	case out.Pause != nil:
		out.State = "paused"
	}
	return out
}

// Routes list schedules, pause and resume them.
func Routes(s Source) func(huma.API) {
	return func(x huma.API) {
		api.MountList(x, "/v1/schedules", s.Schedules)
		huma.Post(x, "/v1/schedules/{name}/pause", func(ctx context.Context, in *struct {
			Name string `path:"name" maxLength:"64"`
			Body struct {
				Until  time.Time  `json:"until,omitzero" doc:"absent: until it is resumed"`
				Reason api.Reason `json:"reason" minLength:"1" maxLength:"1024"`
			}
		}) (*struct{}, error) {
			return api.AnswerNothing(s.PauseSchedule(ctx, in.Name, in.Body.Until, string(in.Body.Reason)))
		})
		huma.Post(x, "/v1/schedules/{name}/resume", func(ctx context.Context, in *struct {
			Name string `path:"name" maxLength:"64"`
			Body struct {
				SkipMissed bool       `json:"skip_missed,omitempty" doc:"what was missed in the pause is not caught up"`
				Reason     api.Reason `json:"reason" minLength:"1" maxLength:"1024"`
			}
		}) (*struct{}, error) {
			return api.AnswerNothing(s.ResumeSchedule(ctx, in.Name, in.Body.SkipMissed, string(in.Body.Reason)))
		})
	}
}
