package kafka

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
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

	mu     sync.Mutex                 // guards what follows
	copied map[string]map[int32]int64 // topic → partition → newest offset that is copied
	whole  map[string]time.Time
}

// Follow reads until ctx ends, or fails.
func (p *Progress) Follow(ctx context.Context) error {
	err := p.Target.follow(ctx, ProgressTopic(p.From), func(fetches kgo.Fetches) {
		fetches.EachRecord(func(r *kgo.Record) { p.take(r.Key, r.Value) })
	})
	if err != nil {
		return fmt.Errorf("follow the mirror's progress: %w", err)
	}
	return nil
}

// take reads one record of Kafka Connect's offsets: [connector, {topic, partition}] → {offset}.
func (p *Progress) take(key, value []byte) {
	var parts []json.RawMessage
	var at struct {
		Topic     string `json:"topic"`
		Partition int32  `json:"partition"`
	}
	var done struct {
		Offset int64 `json:"offset"`
	}
	if json.Unmarshal(key, &parts) != nil || len(parts) != 2 || json.Unmarshal(parts[1], &at) != nil || at.Topic == "" || json.Unmarshal(value, &done) != nil {
		return // of another connector, which copies no topics
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.copied == nil {
		p.copied, p.whole = map[string]map[int32]int64{}, map[string]time.Time{}
	}
	if p.copied[at.Topic] == nil {
		p.copied[at.Topic] = map[int32]int64{}
	}
	p.copied[at.Topic][at.Partition] = done.Offset
}

// Behind returns, for every topic that is mirrored, how many records its copy lacks.
func (p *Progress) Behind(ctx context.Context, now time.Time) ([]fact.MirroredTopic, error) {
	client, err := p.Source.Client()
	if err != nil {
		return nil, err
	}
	adm := kadm.NewClient(client)
	begins, err := adm.ListStartOffsets(ctx)
	if err != nil {
		return nil, fmt.Errorf("ask %s where its topics begin: %w", p.Source.Cluster, err)
	}
	ends, err := adm.ListEndOffsets(ctx)
	if err != nil {
		return nil, fmt.Errorf("ask %s where its topics end: %w", p.Source.Cluster, err)
	}
	return p.behind(begins, ends, now), nil
}

func (p *Progress) behind(begins, ends kadm.ListedOffsets, now time.Time) []fact.MirroredTopic {
	p.mu.Lock()
	defer p.mu.Unlock()
	lacks := map[string]int64{}
	ends.Each(func(end kadm.ListedOffset) {
		if !p.mirrors(end.Topic) || end.Err != nil {
			return
		}
		next := int64(0)
		if newest, ok := p.copied[end.Topic][end.Partition]; ok {
			next = newest + 1
		} else if begin, ok := begins.Lookup(end.Topic, end.Partition); ok && begin.Err == nil {
			next = begin.Offset // nothing of it is copied yet
		}
		lacks[end.Topic] += max(0, end.Offset-next)
	})
	out := []fact.MirroredTopic{}
	for topic, n := range lacks {
		if n == 0 {
			if p.whole == nil {
				p.whole = map[string]time.Time{}
			}
			p.whole[topic] = now
		}
		out = append(out, fact.MirroredTopic{Name: topic, Records: n, Whole: p.whole[topic]})
	}
	slices.SortFunc(out, func(a, b fact.MirroredTopic) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// mirrors tells whether a topic of the source is copied: not what is internal to Kafka, to
// Connect or to the mirror, and not what came from the target itself.
func (p *Progress) mirrors(topic string) bool {
	return !strings.HasPrefix(topic, "__") && !strings.HasSuffix(topic, ".internal") && !strings.HasSuffix(topic, "-internal") && !strings.HasSuffix(topic, ".replica") &&
		!strings.HasPrefix(topic, fact.RegionOf(p.Target.Cluster)+".") && topic != "heartbeats"
}
