package app

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/assign"
	"github.com/greenlang/fournines/internal/availability"
	availabilitydoor "github.com/greenlang/fournines/internal/availability/door"
	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/driver/kafka"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/state"
	"github.com/greenlang/fournines/internal/wait"
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
	first := assign.Broker(s.Layout, a, s.Layout.Brokers(a)[0])
	copies, least := first.Replication(s.Layout.Platform.Spec.Engines.Kafka)
	canary := kafka.Canary{
		Run: control.NewID("canary"), From: a, To: b, Source: from.kafka, Target: to.kafka, Copies: copies, Least: least, Every: canaryEvery, Now: time.Now,
		Report: func(m fact.KafkaMirror) {
			s.Facts.PutMirror(a, b, func(f *fact.KafkaMirror) {
				m.Topics, m.TopicsAt = f.Topics, f.TopicsAt
				*f = m
			})
		},
		Gap:    func(g kafka.Gap) { s.recordGap(ctx, g) },
		Closed: func(runs []kafka.Run) { s.closeRuns(ctx, a, b, runs) },
	}
	progress := kafka.Progress{From: a, Source: from.kafka, Target: to.kafka}
	var wg sync.WaitGroup
	wg.Go(func() { canary.Start(ctx) })
	wg.Go(func() {
		for ctx.Err() == nil {
			if err := progress.Follow(ctx); err != nil { // the mirror has not begun, or a broker is away: the topics' age says so
				s.Log.Debug("the mirror's progress cannot be read", "from", a, "to", b, "err", err)
			}
			wait.Sleep(ctx, time.Second)
		}
	})
	wait.Every(ctx, 2*kafkaEvery, func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, kafkaTimeout)
		defer cancel()
		if topics, err := progress.Behind(ctx, time.Now()); err == nil { // otherwise their age says that nobody knows
			s.Facts.PutMirror(a, b, func(f *fact.KafkaMirror) { f.Topics, f.TopicsAt = topics, time.Now() })
		}
	})
	wg.Wait()
}

func (s *ServerApp) Mirrors(context.Context) ([]availabilitydoor.Mirror, error) {
	now := time.Now()
	out := []availabilitydoor.Mirror{}
	for _, name := range s.Regions {
		r, ok := s.Layout.Platform.Region(name)
		if !ok || s.Layout.MirrorZone(name) == "" {
			continue
		}
		out = append(out, apiMirror(s.Facts.Mirror(r.Pair, name), now), apiMirror(s.Facts.Mirror(name, r.Pair), now))
	}
	return out, nil
}

func apiMirror(m fact.KafkaMirror, now time.Time) availabilitydoor.Mirror {
	out := availabilitydoor.Mirror{
		From: m.From, To: m.To, Health: api.Healthy, Detail: availability.MirrorTrouble(m, now), At: m.At, LagSeconds: m.Lag.Seconds(),
		Sent: m.Sent, Received: m.Received, Gaps: m.Gaps, Duplicates: m.Duplicates, Topics: []availabilitydoor.MirroredTopic{},
	}
	switch {
	case m.Gaps > 0:
		out.Health = api.Degraded
	case out.Detail != "":
		out.Health = api.Progressing
	}
	for _, t := range m.Topics {
		topic := availabilitydoor.MirroredTopic{Name: t.Name, Records: t.Records, LagSeconds: -1}
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
func (s *ServerApp) recordGap(ctx context.Context, g kafka.Gap) {
	if err := record(ctx, s, availability.MirrorLost, g.From+">"+g.To, availability.MirrorLoss(g)); err != nil && ctx.Err() == nil {
		s.Log.Error("cannot record what a mirror lost", "gap", g, "err", err)
	}
}

// closeRuns keeps what became of what earlier lives of the server had sent. A loss that one
// of them has recorded is not recorded again.
func (s *ServerApp) closeRuns(ctx context.Context, from, to string, runs []kafka.Run) {
	if len(runs) == 0 {
		return
	}
	c := availability.MirrorClosing{From: from, To: to}
	for _, r := range runs {
		c.Runs = append(c.Runs, availability.MirrorRun(r))
	}
	subject := from + ">" + to
	if err := record(ctx, s, availability.MirrorClosed, subject, c); err != nil && ctx.Err() == nil {
		s.Log.Error("cannot record what earlier canaries came to", "closing", c, "err", err)
	}
	var known availability.Loss
	if _, err := s.State.Get(availability.LossPrefix+subject, &known); err != nil && ctx.Err() == nil {
		s.Log.Error("the newest loss of a mirror is unreadable", "mirror", subject, "err", err)
	}
	for _, r := range runs {
		if len(r.Missing) > 0 && (known.Run != r.Run || !slices.Equal(known.Numbers, r.Missing)) {
			s.recordGap(ctx, kafka.Gap{From: from, To: to, Run: r.Run, Numbers: r.Missing})
		}
	}
}

// lossFindings says what mirrors lost within a day.
func (s *ServerApp) lossFindings(now time.Time) ([]api.Finding, error) {
	all, err := state.List[availability.Loss](s.State, availability.LossPrefix)
	var out []api.Finding
	for _, l := range all {
		if now.Sub(l.At) < 24*time.Hour {
			out = append(out, api.Finding{
				Code: "mirror-lost", Severity: "critical", Title: fmt.Sprintf("Kafka's mirror lost records from %s to %s", l.From, l.To),
				Text: fmt.Sprintf("%d numbered records that %s acknowledged did not come out at %s although later ones did, and so may others have been lost: compare the topics before you rely on the copies.",
					len(l.Numbers), l.From, l.To),
				Subject: place.Cluster(l.From, place.Kafka), Since: l.At, Command: fmt.Sprintf("fournines journal show %d", l.Index), Entries: []uint64{l.Index},
			})
		}
	}
	return out, err
}
