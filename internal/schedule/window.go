package schedule

import (
	"fmt"
	"slices"
	"time"
)

// Window is a maintenance window: while it is open no run begins. What is missed in it is
// caught up after it, in one run. A run that goes on as it opens is left alone.
type Window struct {
	Name      string
	Cron      string // when it opens, see [Parse]
	Zone      string
	For       time.Duration // how long it is open, a week at most
	Schedules []string      // which it holds back; empty: all

	times Times
}

const longestWindow = 7 * 24 * time.Hour

// ReadWindow reads the times of a window. An error says what is wrong with it.
func ReadWindow(w Window) (Window, error) {
	var err error
	if w.times, err = Parse(w.Cron, w.Zone); err != nil {
		return w, fmt.Errorf("maintenance window %.64q: %w", w.Name, err)
	}
	if w.For <= 0 || w.For > longestWindow {
		return w, fmt.Errorf("maintenance window %.64q: it is open for %v; write more than 0 and at most %v", w.Name, w.For, longestWindow)
	}
	return w, nil
}

// held returns the end of the maintenance window that holds a schedule back at a moment; zero
// where none does. Of several it is the one that closes last.
func held(name string, windows []Window, now time.Time) (until time.Time) {
	for _, w := range windows {
		if len(w.Schedules) > 0 && !slices.Contains(w.Schedules, name) {
			continue
		}
		if opened, n := w.times.between(now.Add(-w.For), now); n > 0 {
			if end := opened.Add(w.For); end.After(until) {
				until = end
			}
		}
	}
	return until
}
