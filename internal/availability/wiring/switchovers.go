package wiring

import (
	"context"
	"fmt"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/wing"
)

// Switchover implements the door's Source.
func (w *Wiring) Switchover(ctx context.Context, cluster, candidate, reason string) (string, error) {
	if _, err := w.region(cluster); err != nil {
		return "", fmt.Errorf("%w: %w", api.ErrNotFound, err)
	}
	at, err := fact.Cluster(cluster)
	if err != nil {
		return "", fmt.Errorf("%w: %w", api.ErrNotFound, err)
	}
	kind := map[string]string{place.Postgres: availability.KindSwitchover, place.Redis: availability.KindRedisSwitchover}[at.Kind]
	if kind == "" {
		return "", fmt.Errorf("%q is not a cluster with a leader; write REGION/postgres or REGION/redis: %w", cluster, api.ErrNotFound)
	}
	o, err := w.house.Ask(ctx, wing.RequestID(ctx, "switchover"), kind, cluster, reason, availability.SwitchoverArgs{Cluster: cluster, Candidate: candidate})
	return o.Key, err
}

// RestartKafka implements the door's Source.
func (w *Wiring) RestartKafka(ctx context.Context, region, reason string) (string, error) {
	cluster := place.Cluster(region, place.Kafka)
	if _, err := w.region(cluster); err != nil {
		return "", fmt.Errorf("%w: %w", api.ErrNotFound, err)
	}
	if len(w.house.Layout.Brokers(region)) == 0 {
		return "", fmt.Errorf("%s runs no Kafka: the platform declares spec.engines.kafka.brokers: 0: %w", region, api.ErrNotFound)
	}
	o, err := w.house.Ask(ctx, wing.RequestID(ctx, "kafka-restart"), availability.KindKafkaRestart, cluster, reason, availability.KafkaRestartArgs{Cluster: cluster})
	return o.Key, err
}
