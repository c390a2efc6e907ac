package console

import (
	"time"

	"github.com/greenlang/fournines/internal/api"
)

// Span of a timeline's drawing, in its own units.
const timelineWidth = 1000.0

// lane is one step on a timeline: where its bar begins and how long it is.
type lane struct {
	api.Step
	X, Width float64
	Mark     mark
	Took     string
	After    string // how long after the beginning of the whole it began
}

// timeline places steps between the beginning and the end of what they are part
// of, or now while it runs. A step that has not begun has no bar.
func timeline(now, begun, ended time.Time, steps []api.Step) []lane {
	if ended.IsZero() {
		ended = now
	}
	for _, s := range steps { // a clock that stepped must not draw outside the frame
		if s.Ended.After(ended) {
			ended = s.Ended
		}
	}
	whole := max(ended.Sub(begun), time.Millisecond)
	lanes := make([]lane, 0, len(steps))
	for _, s := range steps {
		l := lane{Step: s, Mark: stateMark(s.State), Took: took(now, s.Begun, s.Ended), After: "–"}
		if !s.Begun.IsZero() {
			end := s.Ended
			if end.IsZero() {
				end = ended
			}
			after := max(0, s.Begun.Sub(begun))
			l.After = "+" + Span(after)
			l.X = min(timelineWidth*float64(after)/float64(whole), timelineWidth-4)
			l.Width = min(max(4, timelineWidth*float64(end.Sub(s.Begun))/float64(whole)), timelineWidth-l.X)
		}
		lanes = append(lanes, l)
	}
	return lanes
}

// stage is one of the four states every operation passes: requested, approved,
// running, verified.
type stage struct {
	Name string
	Mark mark
	Note string
}

// lifecycle says how far an operation is, from its recorded state alone: nothing
// is shown as reached that the journal does not hold.
func lifecycle(o api.Operation) []stage {
	todo := mark{"not yet", "ring", "mute"}
	done := mark{"done", "disc", "good"}
	path := []stage{{"requested", done, "by " + o.Actor}, {"approved", todo, ""}, {"running", todo, ""}, {"verified", todo, ""}}
	switch o.State {
	case "waiting-approval":
		path[1] = stage{"approved", stateMark(o.State), "a person decides"}
	case "refused":
		path[1] = stage{"approved", stateMark(o.State), "a guard or a person said no"}
	case "running":
		path[1].Mark, path[2].Mark = done, stateMark(o.State)
	case "succeeded":
		path[1].Mark, path[2].Mark, path[3].Mark = done, done, done
	case "failed":
		path[1].Mark, path[2].Mark, path[3] = done, stateMark("ended"), stage{"verified", stateMark(o.State), "not verified"}
	case "rolled-back":
		path[1].Mark, path[2].Mark, path[3] = done, stateMark("ended"), stage{"verified", stateMark(o.State), "what was done is undone"}
	}
	return path
}
