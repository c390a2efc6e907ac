package kafka

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/greenlang/fournines/internal/fact"
)

// course is what is known of one topic from look to look.
type course struct {
	id    kadm.TopicID
	last  int64 // records that its copy lacked at the newest look; -1: unknown
	old   int64 // likewise of the topic that had the name before
	whole time.Time
	mark  goal
	begin map[int32]int64 // where each partition began when it was first seen
	clear map[int32]reach
}

// goal is where a topic ended at some time: once the copy has reached it, it has everything from before.
type goal struct {
	at   time.Time
	ends map[int32]int64
}

// reach says that a reader of committed records gets nothing from one offset up to another, and
// whether it gets a record there.
type reach struct {
	from, to int64
	found    bool
}

// unknown is a number that nobody knows.
const unknown = -1

// toldAfter is how long after a record was acknowledged the mirror has told that it has copied it:
// it does every two seconds. What is deleted later and was not told is lost.
const toldAfter = 6 * time.Second

// mostScans is how many partitions are read in one look to see whether what their copy lacks is no record.
// Of the others all offsets count as records until a later look.
const mostScans = 64

// cluster is what the source and the target say of their topics.
type cluster struct {
	client             *kgo.Client
	topics, copies     kadm.TopicDetails
	begins, ends, tops kadm.ListedOffsets // ends: of committed records; tops: of all
}

// Behind returns, for every topic that is mirrored, how many records its copy lacks.
func (p *Progress) Behind(ctx context.Context, now time.Time) ([]fact.MirroredTopic, error) {
	copied, err := p.positions() // before the ends: what is copied meanwhile is not beyond them
	if err != nil {
		return nil, err
	}
	c, err := p.ask(ctx)
	if err != nil {
		return nil, err
	}
	out, scans := []fact.MirroredTopic{}, mostScans
	known := p.courses()
	for _, t := range c.topics.Sorted() {
		if !p.mirrors(t.Topic) || errors.Is(t.Err, kerr.UnknownTopicOrPartition) {
			continue
		}
		w := known[t.Topic]
		if w == nil || w.id != t.ID {
			old := int64(unknown)
			if w != nil {
				old = w.last
			}
			w = &course{id: t.ID, old: old, whole: p.looked, begin: map[int32]int64{}, clear: map[int32]reach{}}
		}
		m, err := w.look(ctx, c, t, copied[t.Topic], now, &scans)
		if err != nil { // of this topic nothing is known, and of the others all
			m = fact.MirroredTopic{Name: t.Topic, ID: t.ID.String(), Records: unknown, Whole: w.whole}
		}
		m.Old, w.last, known[t.Topic] = w.old, m.Records, w
		out = append(out, m)
	}
	maps.DeleteFunc(known, func(name string, _ *course) bool { return !c.topics.Has(name) })
	p.looked = now
	return out, nil
}

// courses is used by one look at a time.
func (p *Progress) courses() map[string]*course {
	if p.topics == nil {
		p.topics = map[string]*course{}
	}
	return p.topics
}

func (p *Progress) ask(ctx context.Context) (c cluster, err error) {
	if c.client, err = p.Source.Client(); err != nil {
		return c, err
	}
	there, err := p.Target.Client()
	if err != nil {
		return c, err
	}
	source, target := kadm.NewClient(c.client), kadm.NewClient(there)
	at, err := source.Metadata(ctx)
	if err != nil {
		return c, fmt.Errorf("ask %s for its topics: %w", p.Source.Cluster, err)
	}
	copies, err := target.Metadata(ctx)
	if err != nil {
		return c, fmt.Errorf("ask %s for its topics: %w", p.Target.Cluster, err)
	}
	c.topics, c.copies = at.Topics, kadm.TopicDetails{}
	for _, t := range c.topics.Sorted() {
		if other, ok := copies.Topics[Copy(p.From, t.Topic)]; ok && other.Err == nil {
			c.copies[t.Topic] = other
		}
	}
	for _, list := range []struct {
		into *kadm.ListedOffsets
		ask  func(context.Context, ...string) (kadm.ListedOffsets, error)
	}{{&c.ends, source.ListCommittedOffsets}, {&c.tops, source.ListEndOffsets}, {&c.begins, source.ListStartOffsets}} {
		if *list.into, err = list.ask(ctx); err != nil {
			return c, fmt.Errorf("ask %s where its topics begin and end: %w", p.Source.Cluster, err)
		}
	}
	return c, nil
}

// look says how far one topic is copied.
func (w *course) look(ctx context.Context, c cluster, t kadm.TopicDetail, copied map[int32]position, now time.Time, scans *int) (fact.MirroredTopic, error) {
	m := fact.MirroredTopic{Name: t.Topic, ID: t.ID.String()}
	if other, ok := c.copies[t.Topic]; ok {
		m.Copy = other.ID.String()
	}
	if t.Err != nil {
		return m, t.Err
	}
	reached, hole, ends := true, false, map[int32]int64{}
	for _, part := range t.Partitions.Sorted() {
		n := part.Partition
		end, ok1 := c.ends.Lookup(t.Topic, n)
		top, ok2 := c.tops.Lookup(t.Topic, n)
		begin, ok3 := c.begins.Lookup(t.Topic, n)
		if err := cmp.Or(part.Err, end.Err, top.Err, begin.Err); err != nil || !ok1 || !ok2 || !ok3 {
			return m, fmt.Errorf("how far %s-%d is copied is unknown: it does not say where it begins and ends: %w", t.Topic, n, cmp.Or(err, errUnread))
		}
		if _, seen := w.begin[n]; !seen {
			w.begin[n] = begin.Offset
		}
		at, known := copied[n]
		next := at.next
		if !known || next < 0 {
			next = w.begin[n]
		}
		m.Ahead = m.Ahead || next > top.Offset
		if lost := w.lost(n, next, begin.Offset); lost.From < lost.To {
			if hole = true; lost.From < w.mark.ends[n] && now.Sub(w.mark.at) >= toldAfter {
				m.Gone = append(m.Gone, lost)
			}
		}
		next, err := w.passed(ctx, c, t, part, max(next, begin.Offset), end.Offset, scans)
		if err != nil {
			return m, err
		}
		ends[n] = end.Offset
		reached = reached && next >= w.mark.ends[n]
		if lacks := end.Offset - next; lacks > 0 {
			if m.Records == 0 || at.moved.Before(m.Moved) {
				m.Partition, m.Offset, m.Moved = n, next, at.moved
			}
			m.Records += lacks
		}
	}
	if m.Records == 0 {
		w.whole = now
	}
	switch {
	case hole && !w.mark.at.IsZero(): // until the mirror has told what it had copied, or it is lost
	case m.Records == 0 && !hole:
		w.mark = goal{}
	case w.mark.at.IsZero():
		w.mark = goal{now, ends}
	case reached:
		w.whole, w.mark = w.mark.at, goal{now, ends}
	}
	m.Whole = w.whole
	return m, nil
}

// lost returns the offsets that a partition does not have any more and that are not known to be copied. One
// alone that was gone before it was first looked at is the end of a transaction, which nobody misses.
func (w *course) lost(n int32, next, begin int64) fact.MissingRecords {
	if known := w.clear[n]; known.from == next {
		next = max(next, known.to)
	}
	if w.begin[n] == begin && begin == next+1 {
		next = begin
	}
	return fact.MissingRecords{Partition: n, From: next, To: begin}
}

// passed returns the first offset of a partition whose record its copy lacks. A copy that comes forward is
// not asked about more closely: what it lacks will show.
func (w *course) passed(ctx context.Context, c cluster, t kadm.TopicDetail, part kadm.PartitionDetail, next, end int64, scans *int) (int64, error) {
	if next >= end {
		delete(w.clear, part.Partition)
		return next, nil
	}
	known := w.clear[part.Partition]
	if known.from != next {
		w.clear[part.Partition] = reach{from: next, to: next}
		return next, nil // it has just come here
	}
	if known.found || known.to >= end || *scans <= 0 {
		return known.to, nil
	}
	*scans--
	found, to, err := firstCommitted(ctx, c.client, t, part, known.to, end)
	if err != nil {
		return next, err
	}
	w.clear[part.Partition] = reach{next, to, found}
	return to, nil
}
