package kafka

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// DrillTopic takes what drills produce, for an hour.
const DrillTopic = "fournines.drill"

// Writer produces as an application should: every copy in sync has a record before it is
// acknowledged, and a record that is sent again is kept once. It is a drill.Writer.
type Writer struct {
	Cluster       *Looker
	Copies, Least int // of the topic

	mu     sync.Mutex // guards client
	client *kgo.Client
}

func (w *Writer) connect(ctx context.Context) (*kgo.Client, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.client != nil {
		return w.client, nil
	}
	if err := w.Cluster.Create(ctx, Topic{Name: DrillTopic, Partitions: int32(len(w.Cluster.Brokers)), Copies: w.Copies, Least: w.Least, Keeps: canaryKeeps}); err != nil { //nolint:gosec // a few brokers
		return nil, err
	}
	var err error
	// The keys spread the records over the partitions; nothing waits to be sent together.
	w.client, err = w.Cluster.reader(kgo.RequiredAcks(kgo.AllISRAcks()), kgo.DefaultProduceTopic(DrillTopic), kgo.ProducerLinger(0))
	return w.client, err
}

// Write returns nil once every copy in sync has the record of that key.
func (w *Writer) Write(ctx context.Context, key string) error {
	c, err := w.connect(ctx)
	if err != nil {
		return err
	}
	return c.ProduceSync(ctx, &kgo.Record{Key: []byte(key), Value: []byte(time.Now().UTC().Format(time.RFC3339Nano))}).FirstErr()
}

// Count reads the whole topic and returns how many records each key has.
func (w *Writer) Count(ctx context.Context, keys []string) (map[string]int, error) {
	c, err := w.connect(ctx)
	if err != nil {
		return nil, err
	}
	ends, err := kadm.NewClient(c).ListEndOffsets(ctx, DrillTopic)
	if err == nil {
		err = ends.Error()
	}
	if err != nil {
		return nil, fmt.Errorf("ask %s where %s ends: %w", w.Cluster.Cluster, DrillTopic, err)
	}
	reader, err := w.Cluster.reader(kgo.ConsumeTopics(DrillTopic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	wanted, out := map[string]bool{}, map[string]int{}
	for _, k := range keys {
		wanted[k] = true
	}
	left := map[int32]int64{} // partition → offset to reach
	ends.Each(func(o kadm.ListedOffset) {
		if o.Offset > 0 {
			left[o.Partition] = o.Offset
		}
	})
	for len(left) > 0 {
		fetches := reader.PollFetches(ctx)
		for _, e := range fetches.Errors() {
			return nil, fmt.Errorf("read %s of %s: %w", DrillTopic, w.Cluster.Cluster, e.Err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			if wanted[string(r.Key)] {
				out[string(r.Key)]++
			}
			if r.Offset+1 >= left[r.Partition] {
				delete(left, r.Partition)
			}
		})
	}
	return out, nil
}

// Close closes the writer's connections; the next write opens others.
func (w *Writer) Close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.client != nil {
		w.client.Close()
		w.client = nil
	}
}
