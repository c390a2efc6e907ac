package kafka

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Seek makes the mirror, which must not run meanwhile, go on in each partition of a topic from the offset
// that is given, and in one whose offset is below zero from the beginning of the topic; with no offsets at
// all in every partition that it has ever copied. It returns once the mirror's own cluster has acknowledged that.
//
// Source: KIP-875, which lets a person do the same through Connect's REST API. A mirror of its own
// process has none, and reads its offsets once, as it starts.
func (p *Progress) Seek(ctx context.Context, topic string, to map[int32]int64) error {
	all, err := p.positions()
	if err != nil {
		return err
	}
	if to == nil {
		to = map[int32]int64{}
		for partition := range all[topic] {
			to[partition] = -1
		}
	}
	client, err := p.Target.Client()
	if err != nil {
		return err
	}
	for partition, next := range to {
		r := &kgo.Record{Topic: ProgressTopic(p.From), Key: all[topic][partition].key}
		if r.Key == nil {
			if r.Key, err = offsetKey(p.From, topic, partition); err != nil {
				return err
			}
		}
		if next > 0 {
			if r.Value, err = json.Marshal(map[string]int64{"offset": next - 1}); err != nil {
				return err
			}
		}
		if err := client.ProduceSync(ctx, r).FirstErr(); err != nil {
			return fmt.Errorf("note in %s of %s from where %s-%d is copied: %w", r.Topic, p.Target.Cluster, topic, partition, err)
		}
	}
	return nil
}

// offsetKey is what the mirror itself would keep a partition's offset under, byte for byte.
func offsetKey(from, topic string, partition int32) ([]byte, error) {
	return json.Marshal([]any{sourceConnector, struct {
		Cluster   string `json:"cluster"`
		Partition int32  `json:"partition"`
		Topic     string `json:"topic"`
	}{from, partition, topic}})
}
