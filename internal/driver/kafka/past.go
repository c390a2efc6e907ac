package kafka

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// pastFor is how far back earlier runs are closed. It is shorter than records are kept, or
// what one end has deleted and the other not yet would look lost.
const pastFor = 30 * time.Minute

// Run is what became of the canary's records of one earlier life of the server.
type Run struct {
	Run      string  `json:"run"`
	Sent     int64   `json:"sent"`     // the source has, of the last half hour
	Received int64   `json:"received"` // of these the target has
	Missing  []int64 `json:"missing,omitempty"`
}

// past are the numbers of earlier runs at both ends. The zero value is ready. It is not safe
// for concurrent use.
type past struct {
	source map[string]map[int64]bool // run → numbers
	target map[string]map[int64]bool
	over   bool
}

func note(m *map[string]map[int64]bool, t tick) {
	if *m == nil {
		*m = map[string]map[int64]bool{}
	}
	if (*m)[t.Run] == nil {
		(*m)[t.Run] = map[int64]bool{}
	}
	(*m)[t.Run][t.Number] = true
}

func (p *past) sent(t tick) { note(&p.source, t) }

func (p *past) copied(t tick) {
	if !p.over {
		note(&p.target, t)
	}
}

// close compares both ends, once. It forgets what it no longer needs.
func (p *past) close() (runs []Run, first bool) {
	if p.over {
		return nil, false
	}
	p.over = true
	for run, numbers := range p.source {
		r := Run{Run: run, Sent: int64(len(numbers))}
		for n := range numbers {
			if p.target[run][n] {
				r.Received++
			} else {
				r.Missing = append(r.Missing, n)
			}
		}
		slices.Sort(r.Missing)
		runs = append(runs, r)
	}
	slices.SortFunc(runs, func(a, b Run) int { return strings.Compare(a.Run, b.Run) })
	p.source, p.target = nil, nil
	return runs, true
}

// readPast reads what earlier runs left at the source, before this one writes its first record.
func (c *Canary) readPast(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	since := c.Now().Add(-pastFor)
	var found []tick
	err := c.Source.readToEnd(ctx, CanaryTopic, func(r *kgo.Record) {
		var t tick
		if json.Unmarshal(r.Value, &t) == nil && t.Run != c.Run && r.Timestamp.After(since) {
			found = append(found, t)
		}
	})
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, t := range found {
		c.past.sent(t)
	}
	return nil
}

// readToEnd reads a topic of one partition to where it ends now.
func (l *Looker) readToEnd(ctx context.Context, topic string, take func(*kgo.Record)) error {
	client, err := l.Client()
	if err != nil {
		return err
	}
	adm := kadm.NewClient(client)
	begins, err := adm.ListStartOffsets(ctx, topic)
	if err != nil {
		return err
	}
	ends, err := adm.ListEndOffsets(ctx, topic)
	if err != nil {
		return err
	}
	begin, _ := begins.Lookup(topic, 0)
	end, ok := ends.Lookup(topic, 0)
	if err := end.Err; err != nil {
		return err
	}
	if !ok || end.Offset <= begin.Offset {
		return nil
	}
	reading, stop := context.WithCancel(ctx)
	defer stop()
	err = l.follow(reading, func(fetches kgo.Fetches) {
		fetches.EachRecord(func(r *kgo.Record) {
			if r.Offset < end.Offset {
				take(r)
			}
			if r.Offset >= end.Offset-1 {
				stop()
			}
		})
	}, topic)
	if err == nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}
