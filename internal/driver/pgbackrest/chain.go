package pgbackrest

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/greenlang/fournines/internal/fact"
)

// span is a part of a timeline that recovery reads: from one segment up to another.
type span struct {
	timeline uint32
	from, to int64 // to < from: none of it
}

// chain follows the write-ahead log from a backup to a target through what is stored, as
// PostgreSQL does: of each segment it reads that of the newest timeline which has begun by then.
// path are the parts of the timelines, see [archive.path].
func (a archive) chain(b fact.Backup, path []span, t Target, size int64) fact.WALChain {
	c := fact.WALChain{Backup: b.Label, Gaps: []fact.WALGap{}}
	path, covered := a.cut(b, path, t, size)
	c.First = segment{path[0].timeline, path[0].from}.name(size)
	for _, s := range path {
		c.Timelines = append(c.Timelines, s.timeline)
		next := s.from
		for _, one := range a.within(s) {
			if one.number > next {
				c.Gaps = append(c.Gaps, gap(s.timeline, next, one.number-1, size, "it is not stored"))
			}
			next = one.number + 1
			if one.wrong != "" {
				c.Gaps = append(c.Gaps, gap(s.timeline, one.number, one.number, size, one.wrong))
				continue
			}
			c.Segments++
			if len(c.Gaps) == 0 {
				c.Last, c.Stored = segment{s.timeline, one.number}.name(size), one.at
			}
		}
		if next <= s.to {
			c.Gaps = append(c.Gaps, gap(s.timeline, next, s.to, size, "it is not stored"))
		}
	}
	c.Reached = covered && len(c.Gaps) == 0
	return c
}

// cut leaves of a path the spans up to the target, and tells whether the target lies within.
//
// For a target in time the log is needed up to the first segment that was stored at that time or
// later, by the store's clock: nothing that happened before can stand in a later one.
func (a archive) cut(b fact.Backup, path []span, t Target, size int64) (_ []span, covered bool) {
	last, err := parseSegment(b.Last, size)
	if err != nil {
		last.number = path[0].from
	}
	at := func(i int, to int64) []span {
		out := slices.Clone(path[:i+1])
		out[i].to = to
		return out
	}
	switch t.Kind {
	case Newest:
		return path, true
	case Consistent:
		return at(0, last.number), true
	case Position:
		to := max(t.Position/size, last.number)
		for i, s := range path {
			if to <= s.to {
				return at(i, to), true
			}
		}
	case At:
		for i, s := range path {
			for _, one := range a.within(s) {
				if one.number >= last.number && !one.at.Before(t.Time) {
					return at(i, one.number), true
				}
			}
		}
	}
	return path, false
}

// within are the stored segments of a span.
func (a archive) within(s span) []storedSegment {
	line := a.segments[s.timeline]
	by := func(one storedSegment, n int64) int { return cmp.Compare(one.number, n) }
	from, _ := slices.BinarySearchFunc(line, s.from, by)
	to, found := slices.BinarySearchFunc(line, s.to, by)
	if found {
		to++
	}
	return line[min(from, to):to]
}

// path returns the spans of the timelines from a backup to a target. history are the ancestors
// of the target's timeline, which is the backup's own where there are none.
func (a archive) path(b fact.Backup, timeline uint32, history []ancestor, size int64) ([]span, error) {
	first, err := parseSegment(b.First, size)
	if err != nil {
		return nil, fmt.Errorf("the backup %s begins with %w", b.Label, err)
	}
	last, err := parseSegment(b.Last, size)
	if err != nil {
		return nil, fmt.Errorf("the backup %s ends with %w", b.Label, err)
	}
	own := first.timeline
	out := []span{{timeline: own, from: first.number}}
	if timeline != own {
		i := slices.IndexFunc(history, func(x ancestor) bool { return x.timeline == own })
		if i < 0 || history[i].left < b.End {
			return nil, fmt.Errorf("timeline %d does not continue the backup %s, which ends at %s of timeline %d: name a timeline that does, or a backup of that timeline", timeline, b.Label, position(b.End), own)
		}
		for ; i < len(history); i++ {
			from := history[i].left / size
			out[len(out)-1].to = from - 1
			next := timeline
			if i+1 < len(history) {
				next = history[i+1].timeline
			}
			out = append(out, span{timeline: next, from: from})
		}
	}
	end := &out[len(out)-1]
	end.to = end.from - 1
	if line := a.segments[end.timeline]; len(line) > 0 {
		end.to = max(end.to, line[len(line)-1].number)
	}
	if len(out) == 1 {
		end.to = max(end.to, last.number)
	}
	return out, nil
}

// newest is the timeline that PostgreSQL takes for the newest: it looks for one history file
// after the other, and stops where one is missing.
func (a archive) newest(from uint32) uint32 {
	for slices.Contains(a.histories, from+1) {
		from++
	}
	return from
}

// lost are the timelines after the newest of which segments are stored. Recovery does not find
// them, because a history file is missing.
func (a archive) lost(newest uint32, size int64) []fact.WALGap {
	var out []fact.WALGap
	for timeline, line := range a.segments {
		if timeline > newest && len(line) > 0 {
			out = append(out, gap(timeline, line[0].number, line[len(line)-1].number, size, fmt.Sprintf("%08X.history is not stored", newest+1)))
		}
	}
	slices.SortFunc(out, func(a, b fact.WALGap) int { return cmp.Compare(a.Timeline, b.Timeline) })
	return out
}

func gap(timeline uint32, from, to, size int64, why string) fact.WALGap {
	return fact.WALGap{Timeline: timeline, First: segment{timeline, from}.name(size), Last: segment{timeline, to}.name(size), Segments: to - from + 1, Why: why}
}
