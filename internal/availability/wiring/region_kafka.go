package wiring

import (
	"context"
	"time"

	"github.com/greenlang/fournines/internal/wait"
)

// The rhythm of the looks at brokers and mirrors.
const (
	kafkaEvery   = time.Second
	kafkaTimeout = 2500 * time.Millisecond // one broker that hangs is asked first, and then another
	// topicsTimeout is longer: both regions are asked, and what a copy lacks is read.
	topicsTimeout = 8 * time.Second
)

// observeKafka looks at the region's brokers and all that they hold.
func (r *region) observeKafka(ctx context.Context) {
	if len(r.kafka.Brokers) == 0 {
		return
	}
	wait.Every(ctx, kafkaEvery, func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, kafkaTimeout)
		defer cancel()
		r.facts.PutKafka(r.spec.Name, r.kafka.Look(ctx, r.facts.Kafka(r.spec.Name), r.now))
	})
}
