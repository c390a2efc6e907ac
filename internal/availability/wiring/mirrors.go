package wiring

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/assign"
	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/driver/kafka"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/wait"
	"github.com/greenlang/fournines/internal/wing"
)

// canaryEvery is the pace of numbered records through a mirror.
const canaryEvery = 500 * time.Millisecond

// watchMirrors proves both directions of every mirror that runs here, until ctx ends.
func (w *Wiring) watchMirrors(ctx context.Context) {
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

func (w *Wiring) watchMirror(ctx context.Context, from, to *region) {
	a, b := from.spec.Name, to.spec.Name
	first := assign.Broker(w.house.Layout, a, w.house.Layout.Brokers(a)[0])
	copies, least := first.Replication(w.house.Layout.Platform.Spec.Engines.Kafka)
	canary := kafka.Canary{
		Run: control.NewID("canary"), From: a, To: b, Source: from.kafka, Target: to.kafka, Copies: copies, Least: least, Every: canaryEvery, Now: w.house.Now,
		Report: func(m fact.KafkaMirror) {
			w.house.Facts.PutMirror(a, b, func(f *fact.KafkaMirror) {
				m.Topics, m.TopicsAt = f.Topics, f.TopicsAt
				*f = m
			})
		},
		Gap:    func(g kafka.Gap) { w.recordGap(ctx, g) },
		Closed: func(runs []kafka.Run) { w.closeRuns(ctx, a, b, runs) },
	}
	progress := kafka.Progress{From: a, Source: from.kafka, Target: to.kafka}
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
		ctx, cancel := context.WithTimeout(ctx, kafkaTimeout)
		defer cancel()
		if topics, err := progress.Behind(ctx, w.house.Now()); err == nil { // otherwise their age says that nobody knows
			w.house.Facts.PutMirror(a, b, func(f *fact.KafkaMirror) { f.Topics, f.TopicsAt = topics, w.house.Now() })
		}
	})
	wg.Wait()
}

// Mirrors implements api.Source.
func (w *Wiring) Mirrors(context.Context) ([]api.Mirror, error) {
	now := w.house.Now()
	out := []api.Mirror{}
	for _, name := range w.house.Layout.Regions {
		r, ok := w.house.Layout.Platform.Region(name)
		if !ok || w.house.Layout.MirrorZone(name) == "" {
			continue
		}
		out = append(out, apiMirror(w.house.Facts.Mirror(r.Pair, name), now), apiMirror(w.house.Facts.Mirror(name, r.Pair), now))
	}
	return out, nil
}

func apiMirror(m fact.KafkaMirror, now time.Time) api.Mirror {
	out := api.Mirror{
		From: m.From, To: m.To, Health: api.Healthy, Detail: availability.MirrorTrouble(m, now), At: m.At, LagSeconds: m.Lag.Seconds(),
		Sent: m.Sent, Received: m.Received, Gaps: m.Gaps, Duplicates: m.Duplicates, Topics: []api.MirroredTopic{},
	}
	switch {
	case m.Gaps > 0:
		out.Health = api.Degraded
	case out.Detail != "":
		out.Health = api.Progressing
	}
	for _, t := range m.Topics {
		topic := api.MirroredTopic{Name: t.Name, Records: t.Records, LagSeconds: -1}
		switch {
		case t.Records == 0:
			topic.LagSeconds = now.Sub(m.TopicsAt).Seconds() // nobody knows better than the last look
		case !t.Whole.IsZero():
			topic.LagSeconds = now.Sub(t.Whole).Seconds()
		}
		out.Topics = append(out.Topics, topic)
	}
	return out
}

// recordGap keeps the proof of a loss.
func (w *Wiring) recordGap(ctx context.Context, g kafka.Gap) {
	if err := wing.Record(ctx, w.house, availability.MirrorLost, g.From+">"+g.To, availability.MirrorLoss(g)); err != nil && ctx.Err() == nil {
		w.house.Log.Error("cannot record what a mirror lost", "gap", g, "err", err)
	}
}

// closeRuns keeps what became of what earlier lives of the server had sent. A loss that one
// of them has recorded is not recorded again.
func (w *Wiring) closeRuns(ctx context.Context, from, to string, runs []kafka.Run) {
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
