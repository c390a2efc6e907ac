package availability

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/fact"
)

// MirrorView is the input of a decision about the process that mirrors two regions.
type MirrorView struct {
	Component string      // of the mirror
	Runs      bool        // its node says so
	Looking   time.Time   // since when facts are gathered
	Ways      []MirrorWay // both directions
	Last      []control.Operation
}

// MirrorWay is one direction.
type MirrorWay struct {
	fact.KafkaMirror
	Known map[string]TopicIDs
	Aside []SetAside
	Apart string // why the regions' brokers could not be copied between now, in words; empty: they could
}

const (
	// stuckAfter is how long a copy may stand still although it lacks records before its mirror is
	// restarted, firstAfter one that has never been copied, and failedAfter when the mirror itself says that
	// its task has ended. A mirror may take a minute to start on a busy machine.
	stuckAfter  = 90 * time.Second
	firstAfter  = 3 * time.Minute
	failedAfter = 4 * time.Second
	// steerPause is the least time between two restarts.
	steerPause = 25 * time.Second
	// mostRestarts of one mirror within an hour, before the topic that stops it is looked for.
	mostRestarts = 2
	// mostForgotten is how many topics that are gone are remembered.
	mostForgotten = 1000
)

// DecideMirror returns what is due for a mirror: topics that were made anew are copied from their
// beginning, and what stands still is started again. When that does not help, one topic after
// another is set aside, until all others are copied: that one stays aside, and a person is told. It is pure.
func DecideMirror(v MirrorView, now time.Time) []control.Action {
	if slices.ContainsFunc(v.Last, func(o control.Operation) bool { return !o.Finished() || now.Sub(o.Ended) < steerPause }) {
		return nil
	}
	a := SteerArgs{Component: v.Component}
	var why []string
	for _, w := range v.Ways {
		if now.Sub(w.TopicsAt) > freshTopics {
			continue
		}
		for _, t := range w.Topics {
			was, noted := w.Known[t.Name]
			if !noted || !renewed(t, was) {
				continue
			}
			a.Renewed = append(a.Renewed, Renewed{From: w.From, To: w.To, Topic: t.Name, Was: was, Is: TopicIDs{t.ID, t.Copy}, Lacked: t.Old})
			why = append(why, t.Name+" of "+w.From+" was made anew")
		}
		if gone := forgotten(w); len(gone.Topics) > mostForgotten {
			a.Forget = append(a.Forget, gone)
			why = append(why, fmt.Sprintf("%d topics of %s are gone", len(gone.Topics), w.From))
		}
		for _, s := range w.Aside {
			if !there(w, s.Topic) {
				a.Resume = append(a.Resume, Resumed{From: w.From, To: w.To, Topic: s.Topic})
				why = append(why, s.Topic+", which was set aside, is gone")
			}
		}
	}
	if len(why) == 0 && v.Runs {
		a, why = unstick(a, v, now)
	}
	if len(why) == 0 {
		return nil
	}
	action, err := control.NewAction(Key("steer", v.Component, now.UTC().Format("20060102T150405")), KindSteer, v.Component, a)
	if err != nil {
		return nil
	}
	action.Actor, action.Reason = "system:availability", strings.Join(why, "; ")
	return []control.Action{action}
}

// forgotten returns the topics that are noted and are there no more.
func forgotten(w MirrorWay) Topics {
	out := Topics{From: w.From, To: w.To, Topics: map[string]TopicIDs{}}
	for name := range w.Known {
		if !there(w, name) {
			out.Topics[name] = TopicIDs{}
		}
	}
	return out
}

func there(w MirrorWay, topic string) bool {
	return slices.ContainsFunc(w.Topics, func(t fact.MirroredTopic) bool { return t.Name == topic })
}

// unstick restarts a mirror of which something stands still, and sets aside what stands still after that.
func unstick(a SteerArgs, v MirrorView, now time.Time) (SteerArgs, []string) {
	restarts, tried, started := 0, map[string]bool{}, time.Time{}
	for _, o := range v.Last {
		started = later(started, o.Ended)
		args, err := decode[SteerArgs](&control.Run{Action: o.Action})
		if err != nil || now.Sub(o.Begun) >= time.Hour {
			continue
		}
		if args.restart() {
			restarts++
		}
		for _, s := range args.Aside {
			tried[s.From+"/"+s.Topic] = true
		}
	}
	var why []string
	for _, w := range v.Ways {
		stuck := standing(w, v.Looking, started, now)
		if w.Apart != "" || len(stuck) == 0 {
			continue
		}
		says := fmt.Sprintf("%s → %s stands still at %s", w.From, w.To, topicText(stuck[0], now))
		if w.Failed != "" {
			says += ": " + w.Failed
		}
		if restarts < mostRestarts {
			why = append(why, says)
			continue
		}
		i := slices.IndexFunc(stuck, func(t fact.MirroredTopic) bool { return !tried[w.From+"/"+t.Name] })
		if i < 0 {
			continue // each was tried: a person is told
		}
		t := stuck[i]
		if innocent, ok := innocent(w); ok {
			a.Resume = append(a.Resume, Resumed{From: w.From, To: w.To, Topic: innocent})
		}
		a.Aside = append(a.Aside, SetAside{From: w.From, To: w.To, Topic: t.Name, Partition: t.Partition, Offset: t.Offset, Why: w.Failed})
		why = append(why, fmt.Sprintf("%s; %s is set aside to see whether the others are copied then", says, t.Name))
	}
	return a, why
}

// standing returns the topics that lack records and have stood still, the one first that did so first; the
// platform's own come last. looking is since when facts are gathered, started when the mirror was started last:
// what it said before is over.
func standing(w MirrorWay, looking, started, now time.Time) (out []fact.MirroredTopic) {
	if now.Sub(w.TopicsAt) > freshTopics {
		return nil
	}
	failed := w.Failed != "" && w.FailedAt.After(started)
	since := func(t fact.MirroredTopic) time.Time { return later(t.Whole, looking) }
	for _, t := range w.Topics {
		aside := slices.ContainsFunc(w.Aside, func(s SetAside) bool { return s.Topic == t.Name })
		patience, from := stuckAfter, later(since(t), started)
		switch {
		case failed:
			patience, from = failedAfter, since(t)
		case t.Moved.IsZero():
			patience = firstAfter
		}
		if !aside && t.Records > 0 && now.Sub(t.Moved) > patience && now.Sub(from) > patience {
			out = append(out, t)
		}
	}
	slices.SortStableFunc(out, func(x, y fact.MirroredTopic) int {
		if a, b := ours(x.Name), ours(y.Name); a != b {
			return map[bool]int{true: 1, false: -1}[a]
		}
		return since(x).Compare(since(y))
	})
	return out
}

func ours(topic string) bool { return strings.HasPrefix(topic, "fournines.") }

// innocent returns the topic that was set aside last, if nothing has been copied since: it was not the one
// that stops the mirror.
func innocent(w MirrorWay) (string, bool) {
	if len(w.Aside) == 0 {
		return "", false
	}
	last := slices.MaxFunc(w.Aside, func(x, y SetAside) int { return x.At.Compare(y.At) })
	for _, t := range w.Topics {
		if t.Name != last.Topic && t.Moved.After(last.At) {
			return "", false
		}
	}
	return last.Topic, true
}
