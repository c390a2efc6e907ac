package kafka

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/greenlang/fournines/internal/fact"
)

// Progress follows how far a mirror has copied each partition of a region, from what the
// mirror itself keeps in the cluster that it writes to.
type Progress struct {
	From           string // region
	Source, Target *Looker

	mu     sync.Mutex                    // guards what follows
	copied map[string]map[int32]position // by topic and partition
	newest int64                         // offset of the newest record of the mirror's own that was read
	ready  bool                          // all that was there when reading began was read
	failed map[string]failure            // by task
	topics map[string]*course            // by name
	looked time.Time
}

// position is how far one partition is copied.
type position struct {
	key   []byte // under which the mirror keeps it
	next  int64  // offset of the first record that it has not copied; -1: it begins anew
	moved time.Time
}

// failure is why and when a task has ended.
type failure struct {
	why string
	at  time.Time
}

// Follow reads until ctx ends, or fails. What it has read before stays.
func (p *Progress) Follow(ctx context.Context) error {
	client, err := p.Target.Client()
	if err != nil {
		return err
	}
	topic := ProgressTopic(p.From)
	ends, err := kadm.NewClient(client).ListEndOffsets(ctx, topic)
	if err == nil {
		err = ends.Error()
	}
	if err != nil {
		return fmt.Errorf("ask %s where %s ends: %w", p.Target.Cluster, topic, err)
	}
	end, _ := ends.Lookup(topic, 0)
	p.begin(end.Offset)
	err = p.Target.follow(ctx, func(fetches kgo.Fetches) {
		fetches.EachRecord(func(r *kgo.Record) {
			if r.Topic == topic {
				p.take(r)
				p.caughtUp(r.Offset+1 >= end.Offset)
			} else {
				p.status(r)
			}
		})
	}, topic, statusTopic(p.From))
	if err != nil {
		return fmt.Errorf("follow the mirror's progress: %w", err)
	}
	return nil
}

// begin prepares for reading from the beginning, up to an offset that is known.
func (p *Progress) begin(end int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.copied == nil || end <= p.newest { // somebody has made the mirror's own topic anew
		p.copied, p.newest, p.ready = map[string]map[int32]position{}, -1, end == 0
	}
	p.failed = map[string]failure{}
}

func (p *Progress) caughtUp(there bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ready = p.ready || there
}

// take reads one record of Kafka Connect's offsets: [connector, {topic, partition}] → {offset}, or
// nothing where a partition shall begin anew.
func (p *Progress) take(r *kgo.Record) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r.Offset <= p.newest {
		return // it was read before
	}
	p.newest = r.Offset
	var parts []json.RawMessage
	var at struct {
		Topic     string `json:"topic"`
		Partition int32  `json:"partition"`
	}
	if json.Unmarshal(r.Key, &parts) != nil || len(parts) != 2 || json.Unmarshal(parts[1], &at) != nil || at.Topic == "" {
		return // of another connector, which copies no topics
	}
	now := position{key: r.Key, next: -1, moved: r.Timestamp}
	var done struct {
		Offset *int64 `json:"offset"`
	}
	if json.Unmarshal(r.Value, &done) == nil && done.Offset != nil {
		now.next = *done.Offset + 1
	}
	if p.copied[at.Topic] == nil {
		p.copied[at.Topic] = map[int32]position{}
	}
	p.copied[at.Topic][at.Partition] = now
}

// status reads one record of Kafka Connect's states: status-task-CONNECTOR-N → {state, trace}.
func (p *Progress) status(r *kgo.Record) {
	task, ok := strings.CutPrefix(string(r.Key), "status-task-"+sourceConnector+"-")
	if !ok {
		return
	}
	var is struct {
		State string `json:"state"`
		Trace string `json:"trace"`
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if json.Unmarshal(r.Value, &is) != nil || is.State != "FAILED" {
		delete(p.failed, task)
		return
	}
	p.failed[task] = failure{cause(is.Trace), r.Timestamp}
}

// cause returns what a Java trace began with: the last of its causes, in one line.
func cause(trace string) string {
	out := "it does not say why"
	for line := range strings.Lines(trace) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "at ") && !strings.HasPrefix(line, "... ") {
			out = strings.TrimSuffix(strings.TrimPrefix(line, "Caused by: "), ".")
		}
	}
	return out
}

// Failed says why the task that copies has ended, by the mirror's own word, and when it said so; empty: it has not.
func (p *Progress) Failed() (why string, at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, f := range p.failed { // there is one task
		why, at = f.why, f.at
	}
	return why, at
}

var errUnread = errors.New("what the mirror keeps of its progress has not been read yet")

// positions returns a copy of what is known now.
func (p *Progress) positions() (map[string]map[int32]position, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.ready {
		return nil, fmt.Errorf("%s: %w", p.Target.Cluster, errUnread)
	}
	out := make(map[string]map[int32]position, len(p.copied))
	for topic, at := range p.copied {
		out[topic] = maps.Clone(at)
	}
	return out, nil
}

// mirrors tells whether a topic of the source is copied: not what is internal to Kafka, to
// Connect or to the mirror, and not what came from the target itself.
func (p *Progress) mirrors(topic string) bool {
	return !strings.HasPrefix(topic, "__") && !strings.HasSuffix(topic, ".internal") && !strings.HasSuffix(topic, "-internal") && !strings.HasSuffix(topic, ".replica") &&
		!strings.HasPrefix(topic, fact.RegionOf(p.Target.Cluster)+".") && topic != "heartbeats"
}
