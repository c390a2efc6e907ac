package kafka

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
)

// Topic is a topic to make.
type Topic struct {
	Name       string
	Partitions int32
	Copies     int    // of each partition
	Least      int    // that must have a record before it is acknowledged
	Keeps      string // retention in milliseconds, empty: the cluster's own
	Largest    string // bytes of a batch, empty: the cluster's own
}

// Create makes a topic, where there is none of the name.
func (l *Looker) Create(ctx context.Context, t Topic) error {
	c, err := l.Client()
	if err != nil {
		return err
	}
	least := strconv.Itoa(t.Least)
	settings := map[string]*string{"min.insync.replicas": &least}
	if t.Keeps != "" {
		settings["retention.ms"] = &t.Keeps
	}
	if t.Largest != "" {
		settings["max.message.bytes"] = &t.Largest
	}
	_, err = kadm.NewClient(c).CreateTopic(ctx, t.Partitions, int16(t.Copies), settings, t.Name) //nolint:gosec // a few copies
	if err != nil && !errors.Is(err, kerr.TopicAlreadyExists) {
		return fmt.Errorf("create topic %s of %s: %w", t.Name, l.Cluster, err)
	}
	return nil
}
