package schedule

import (
	"errors"
	"fmt"
	"hash/fnv"
	"regexp"
	"time"

	"github.com/greenlang/fournines/internal/control"
)

// Schedule is work that a wing has done at planned times.
type Schedule struct {
	Name string // lower-case letters, digits and hyphens, such as backup-full
	Does string // one sentence, for people
	Cron string // see [Parse]
	Zone string // of the IANA database, such as UTC
	// Jitter bounds the time by which each run begins later than planned, so that not everything
	// begins at the full hour. How much it is follows from the name, so it is the same each time.
	Jitter time.Duration
	// Longest is how long a run may take before people are told; 0: they are told when the next
	// one is late.
	Longest time.Duration
	// Do returns the action of a planned time. Its key, actor and reason are set by who calls;
	// called again for the same time it must ask for the same effect.
	Do func(planned time.Time) (control.Action, error)
}

// Timed is a schedule whose times have been read.
type Timed struct {
	Schedule
	Times
}

var named = regexp.MustCompile(`^[a-z][a-z0-9-]{0,62}$`)

// Read reads the times of all schedules. Those that it cannot read are in the error, and the
// others are returned nevertheless: one that is wrong stops no other.
func Read(all []Schedule) ([]Timed, error) {
	var out []Timed
	var errs []error
	seen := map[string]bool{}
	for _, s := range all {
		times, err := Parse(s.Cron, s.Zone)
		switch {
		case !named.MatchString(s.Name):
			err = fmt.Errorf("a name has 1 to 63 lower-case letters, digits and hyphens, and begins with a letter")
		case seen[s.Name]:
			err = errors.New("two schedules have this name")
		case s.Does == "" || s.Do == nil:
			err = errors.New("it has no sentence that says what it does, or no action")
		case s.Jitter < 0 || s.Longest < 0:
			err = errors.New("its jitter or its longest time is negative")
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("schedule %.64q: %w", s.Name, err))
			continue
		}
		seen[s.Name] = true
		out = append(out, Timed{s, times})
	}
	return out, errors.Join(errs...)
}

// delay is by how much each run begins later than planned: a whole number of seconds below the
// jitter, which follows from the name alone.
func (s Schedule) delay() time.Duration {
	bound := uint64(s.Jitter / time.Second)
	if bound == 0 {
		return 0
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(s.Name))                      // a hash takes everything
	return time.Duration(h.Sum64()%bound) * time.Second //nolint:gosec // it is below the jitter
}

// Key is what a run is known by: control begins one operation for it, however often it is asked.
func Key(name string, planned time.Time) string {
	return name + "@" + planned.UTC().Format("20060102T150405Z")
}
