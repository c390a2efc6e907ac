package wiring

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/assign"
	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/availability/door"
	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/driver/kafka"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/wait"
	"github.com/greenlang/fournines/internal/wing"
)

// canaryEvery is the pace of numbered records through a mirror.
const canaryEvery = 500 * time.Millisecond

// watchMirrors proves both directions of every mirror that runs here, until ctx ends.
func (w *mirrors) watchMirrors(ctx context.Context) {
	var wg sync.WaitGroup
	for name, r := range w.regions {
		if w.house.Layout.MirrorZone(name) == "" {
			continue
		}
		partner := w.regions[r.spec.Pair]
		wg.Go(func() { w.watchMirror(ctx, partner, r) })
		wg.Go(func() { w.watchMirror(ctx, r, partner) })
	}
	wg.Wait()
}

func (w *mirrors) watchMirror(ctx context.Context, from, to *region) {
	a, b := from.spec.Name, to.spec.Name
	first := assign.Broker(w.house.Layout, a, w.house.Layout.Brokers(a)[0])
	copies, least := first.Replication(w.house.Layout.Platform.Spec.Engines.Kafka)
	canary := kafka.Canary{
		Run: control.NewID("canary"), From: a, To: b, Source: from.kafka, Target: to.kafka, Copies: copies, Least: least, Every: canaryEvery, Now: w.house.Now,
		Report: func(m fact.KafkaMirror) {
			w.house.Facts.PutMirror(a, b, func(f *fact.KafkaMirror) {
				m.Topics, m.TopicsAt, m.TopicsError, m.Failed, m.FailedAt = f.Topics, f.TopicsAt, f.TopicsError, f.Failed, f.FailedAt
				*f = m
			})
		},
		Gap:    func(g kafka.Gap) { w.recordGap(ctx, g) },
		Closed: func(runs []kafka.Run) { w.closeRuns(ctx, a, b, runs) },
	}
	progress := w.progress[fact.Way{From: a, To: b}]
	var wg sync.WaitGroup
	wg.Go(func() { canary.Start(ctx) })
	wg.Go(func() {
		for ctx.Err() == nil {
			if err := progress.Follow(ctx); err != nil { // the mirror has not begun, or a broker is away: the topics' age says so
				w.house.Log.Debug("the mirror's progress cannot be read", "from", a, "to", b, "err", err)
			}
			wait.Sleep(ctx, time.Second)
		}
	})
	wait.Every(ctx, 2*kafkaEvery, func(ctx context.Context) {
		w.lookTopics(ctx, progress, fact.Way{From: a, To: b})
	})
	wg.Wait()
}

// lookTopics looks how far each topic is copied, and keeps which topics there are and what was lost of them.
func (w *mirrors) lookTopics(ctx context.Context, progress *kafka.Progress, way fact.Way) {
	ctx, cancel := context.WithTimeout(ctx, topicsTimeout)
	defer cancel()
	topics, err := progress.Behind(ctx, w.house.Now())
	w.house.Facts.PutMirror(way.From, way.To, func(f *fact.KafkaMirror) {
		f.TopicsError = ""
		if f.Failed, f.FailedAt = progress.Failed(); err != nil { // their age says that nobody knows
			f.TopicsError = err.Error()
			return
		}
		f.Topics, f.TopicsAt = topics, w.house.Now()
	})
	if err != nil {
		return
	}
	if err := w.noteTopics(ctx, w.house.Facts.Mirror(way.From, way.To)); err != nil && ctx.Err() == nil {
		w.house.Log.Error("cannot record what a mirror copies", "mirror", way, "err", err)
	}
}

// noteTopics records topics that are new, and records that were deleted before they were copied.
func (w *mirrors) noteTopics(ctx context.Context, m fact.KafkaMirror) error {
	way := fact.Way{From: m.From, To: m.To}
	var known availability.Topics
	if _, err := w.house.State.Get(availability.TopicsPrefix+way.String(), &known); err != nil {
		return err
	}
	if fresh := availability.NewTopics(m, known.Topics); len(fresh) > 0 {
		if err := wing.Record(ctx, w.house, availability.TopicsNoted, way.String(), availability.Topics{From: m.From, To: m.To, Topics: fresh}); err != nil {
			return err
		}
	}
	gone, err := availability.NewlyGone(m, func(topic string) (l availability.TopicLoss, err error) {
		_, err = w.house.State.Get(availability.TopicLossPrefix+availability.TopicKey(m.From, m.To, topic), &l)
		return l, err
	})
	for _, g := range gone {
		err = errors.Join(err, wing.Record(ctx, w.house, availability.RecordsGone, availability.TopicKey(g.From, g.To, g.Topic), g))
	}
	return err
}

// Mirrors implements the door's Source.
func (w *mirrors) Mirrors(context.Context) ([]door.Mirror, error) {
	now := w.house.Now()
	out := []door.Mirror{}
	for _, name := range w.house.Layout.Regions {
		r, ok := w.house.Layout.Platform.Region(name)
		if !ok || w.house.Layout.MirrorZone(name) == "" {
			continue
		}
		for _, way := range []fact.Way{{From: r.Pair, To: name}, {From: name, To: r.Pair}} {
			m, err := w.mirrorWay(way, now)
			if err != nil {
				return nil, err
			}
			out = append(out, apiMirror(m, now))
		}
	}
	return out, nil
}

func apiMirror(m availability.MirrorWay, now time.Time) door.Mirror {
	out := door.Mirror{
		From: m.From, To: m.To, Health: api.Healthy, Detail: availability.MirrorTrouble(m.KafkaMirror, now), At: m.At, LagSeconds: m.Lag.Seconds(),
		Sent: m.Sent, Received: m.Received, Gaps: m.Gaps, Duplicates: m.Duplicates, Topics: []door.MirroredTopic{},
	}
	switch {
	case m.Gaps > 0:
		out.Health = api.Degraded
	case out.Detail != "":
		out.Health = api.Progressing
	}
	for _, t := range m.Topics {
		topic := door.MirroredTopic{Name: t.Name, Records: t.Records, LagSeconds: -1, Partition: t.Partition, Offset: t.Offset}
		if covered := t.Covered(m.TopicsAt); !covered.IsZero() { // nobody knows better than the last look
			topic.LagSeconds = now.Sub(covered).Seconds()
		}
		for _, s := range m.Aside {
			if s.Topic == t.Name {
				topic.Aside = "it stopped the mirror: " + s.Why
			}
		}
		out.Topics = append(out.Topics, topic)
	}
	return out
}

// recordGap keeps the proof of a loss.
func (w *mirrors) recordGap(ctx context.Context, g kafka.Gap) {
	if err := wing.Record(ctx, w.house, availability.MirrorLost, g.From+">"+g.To, availability.MirrorLoss(g)); err != nil && ctx.Err() == nil {
		w.house.Log.Error("cannot record what a mirror lost", "gap", g, "err", err)
	}
}

// closeRuns keeps what became of what earlier lives of the server had sent. A loss that one
// of them has recorded is not recorded again.
func (w *mirrors) closeRuns(ctx context.Context, from, to string, runs []kafka.Run) {
	if len(runs) == 0 {
		return
	}
	c := availability.MirrorClosing{From: from, To: to}
	for _, r := range runs {
		c.Runs = append(c.Runs, availability.MirrorRun(r))
	}
	subject := from + ">" + to
	if err := wing.Record(ctx, w.house, availability.MirrorClosed, subject, c); err != nil && ctx.Err() == nil {
		w.house.Log.Error("cannot record what earlier canaries came to", "closing", c, "err", err)
	}
	var known availability.Loss
	if _, err := w.house.State.Get(availability.LossPrefix+subject, &known); err != nil && ctx.Err() == nil {
		w.house.Log.Error("the newest loss of a mirror is unreadable", "mirror", subject, "err", err)
	}
	for _, r := range runs {
		if len(r.Missing) > 0 && (known.Run != r.Run || !slices.Equal(known.Numbers, r.Missing)) {
			w.recordGap(ctx, kafka.Gap{From: from, To: to, Run: r.Run, Numbers: r.Missing})
		}
	}
}
