package app

import (
	"context"
	"sync"
	"time"

	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/driver/kafka"
	"github.com/greenlang/fournines/internal/fact"
)

// canaryEvery is the pace of numbered records through a mirror.
const canaryEvery = 500 * time.Millisecond

// watchMirrors proves both directions of every mirror that runs here, until ctx ends.
func (s *ServerApp) watchMirrors(ctx context.Context) {
	var wg sync.WaitGroup
	for name, r := range s.regions {
		if s.Layout.MirrorZone(name) == "" {
			continue
		}
		partner := s.regions[r.spec.Pair]
		wg.Go(func() { s.watchMirror(ctx, partner, r) })
		wg.Go(func() { s.watchMirror(ctx, r, partner) })
	}
	wg.Wait()
}

func (s *ServerApp) watchMirror(ctx context.Context, from, to *region) {
	a, b := from.spec.Name, to.spec.Name
	first := s.Layout.broker(a, s.Layout.Brokers(a)[0])
	copies, least := first.Replication(s.Layout.Platform.Spec.Engines.Kafka)
	canary := kafka.Canary{
		Run: NewID("canary"), From: a, To: b, Source: from.kafka, Target: to.kafka, Copies: copies, Least: least, Every: canaryEvery, Now: time.Now,
		Report: func(m fact.KafkaMirror) {
			s.Facts.PutMirror(a, b, func(f *fact.KafkaMirror) {
				m.Topics, m.TopicsAt = f.Topics, f.TopicsAt
				*f = m
			})
		},
		Gap: func(g kafka.Gap) { s.recordGap(ctx, g) },
	}
	progress := kafka.Progress{From: a, Source: from.kafka, Target: to.kafka}
	var wg sync.WaitGroup
	wg.Go(func() { canary.Start(ctx) })
	wg.Go(func() {
		for ctx.Err() == nil {
			if err := progress.Follow(ctx); err != nil { // the mirror has not begun, or a broker is away: the topics' age says so
				s.Log.Debug("the mirror's progress cannot be read", "from", a, "to", b, "err", err)
			}
			sleep(ctx, time.Second)
		}
	})
	every(ctx, 2*kafkaEvery, func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, kafkaTimeout)
		defer cancel()
		if topics, err := progress.Behind(ctx, time.Now()); err == nil { // otherwise their age says that nobody knows
			s.Facts.PutMirror(a, b, func(f *fact.KafkaMirror) { f.Topics, f.TopicsAt = topics, time.Now() })
		}
	})
	wg.Wait()
}

// recordGap keeps the proof of a loss.
func (s *ServerApp) recordGap(ctx context.Context, g kafka.Gap) {
	if err := record(ctx, s, availability.MirrorLost, g.From+">"+g.To, availability.MirrorLoss(g)); err != nil && ctx.Err() == nil {
		s.Log.Error("cannot record what a mirror lost", "gap", g, "err", err)
	}
}
