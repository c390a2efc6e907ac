package wiring

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/availability/door"
	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/driver/kafka"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/state"
	"github.com/greenlang/fournines/internal/wing"
)

// mirrors follows what copies topics between the regions that run here, and steers it.
type mirrors struct {
	house    *wing.House
	regions  map[string]*region
	progress map[fact.Way]*kafka.Progress // since open
}

// open prepares to follow the mirrors that run here.
func (w *mirrors) open() {
	w.progress = map[fact.Way]*kafka.Progress{}
	for name, r := range w.regions {
		if w.house.Layout.MirrorZone(name) == "" {
			continue
		}
		partner := w.regions[r.spec.Pair]
		w.progress[fact.Way{From: partner.spec.Name, To: name}] = &kafka.Progress{From: partner.spec.Name, Source: partner.kafka, Target: r.kafka}
		w.progress[fact.Way{From: name, To: partner.spec.Name}] = &kafka.Progress{From: name, Source: r.kafka, Target: partner.kafka}
	}
}

// mirrorOf returns the component that copies topics between two regions.
func (w *mirrors) mirrorOf(way fact.Way) string {
	for _, region := range []string{way.To, way.From} {
		if zone := w.house.Layout.MirrorZone(region); zone != "" {
			return place.ID(region, zone, place.Mirror)
		}
	}
	return ""
}

// mirrorWay gathers what is known of one direction.
func (w *mirrors) mirrorWay(way fact.Way, now time.Time) (availability.MirrorWay, error) {
	out := availability.MirrorWay{KafkaMirror: w.house.Facts.Mirror(way.From, way.To)}
	var known availability.Topics
	_, err1 := w.house.State.Get(availability.TopicsPrefix+way.String(), &known)
	aside, err2 := state.List[availability.SetAside](w.house.State, availability.AsidePrefix+way.String()+"/")
	if err := errors.Join(err1, err2); err != nil {
		return out, fmt.Errorf("read what is copied from %s to %s: %w", way.From, way.To, err)
	}
	out.Known, out.Aside = known.Topics, aside
	out.Apart = availability.LinkTrouble(w.house.Facts.Link(way.From, way.To), w.house.Facts.Link(way.To, way.From), now)
	for _, region := range []string{way.From, way.To} {
		if k := w.house.Facts.Kafka(region); out.Apart == "" && now.Sub(k.At) > fact.NodeSilent {
			out.Apart = "the brokers of " + region + " do not answer"
		}
	}
	return out, nil
}

// decideMirrors returns what is due for each mirror that runs here, also while a region is being moved: to
// bring one home needs a mirror that copies.
func (w *mirrors) decideMirrors(now time.Time) (out []control.Action, err error) {
	for name, r := range w.regions {
		zone := w.house.Layout.MirrorZone(name)
		if zone == "" {
			continue
		}
		v := availability.MirrorView{Component: place.ID(name, zone, place.Mirror), Looking: w.house.Looking}
		to, err1 := w.mirrorWay(fact.Way{From: r.spec.Pair, To: name}, now)
		back, err2 := w.mirrorWay(fact.Way{From: name, To: r.spec.Pair}, now)
		last, err3 := control.LastOf(w.house.State, v.Component, steersRead)
		if bad := errors.Join(err1, err2, err3); bad != nil {
			err = errors.Join(err, fmt.Errorf("nothing is decided about %s: %w", v.Component, bad))
			continue
		}
		v.Ways, v.Last = []availability.MirrorWay{to, back}, last
		for _, u := range w.house.Facts.Node(name, zone).Units {
			v.Runs = v.Runs || u.Name == place.Mirror && u.PID > 0
		}
		out = append(out, availability.DecideMirror(v, now)...)
	}
	return out, err
}

// steersRead is how many of a mirror's newest operations a decision looks at.
const steersRead = 20

// topicFindings says which topics are not copied, and what was lost of topics.
func (w *mirrors) topicFindings(now time.Time) (out []wing.Finding, err error) {
	losses, err := state.List[availability.TopicLoss](w.house.State, availability.TopicLossPrefix)
	for _, way := range w.house.Layout.Ways() {
		if _, ok := w.progress[way]; !ok {
			continue
		}
		m, bad := w.mirrorWay(way, now)
		if bad != nil {
			err = errors.Join(err, bad)
			continue
		}
		blind := w.house.Blinded(now) || now.Sub(w.house.Looking) < topicsPatience
		out = append(out, availability.TopicFindings(m, losses, blind, now)...)
	}
	return out, err
}

// topicsPatience is how long mirrors may take from the start of a platform until they copy.
const topicsPatience = 90 * time.Second

// asideOf returns the topics that the mirror in a zone does not copy, by their region.
func (w *mirrors) asideOf(region, zone string) (map[string][]string, error) {
	if w.house.Layout.MirrorZone(region) != zone || zone == "" {
		return nil, nil //nolint:nilnil // no mirror, no topics
	}
	all, err := state.List[availability.SetAside](w.house.State, availability.AsidePrefix)
	var out map[string][]string
	for _, s := range all {
		if s.From != region && s.To != region {
			continue
		}
		if out == nil {
			out = map[string][]string{}
		}
		out[s.From] = append(out[s.From], s.Topic)
	}
	for _, topics := range out {
		slices.Sort(topics)
	}
	return out, err
}

// ResumeTopic implements the door's Source.
func (w *mirrors) ResumeTopic(ctx context.Context, r door.ResumeRequest) (string, error) {
	mirror, a, err := w.resumption(r)
	if err != nil {
		return "", err
	}
	o, err := w.house.Ask(ctx, wing.RequestID(ctx, "kafka-resume"), availability.KindSteer, mirror, string(r.Reason), a)
	return o.Key, err
}

// resumption returns the mirror that copies a region's topics, and what it is asked for.
func (w *mirrors) resumption(r door.ResumeRequest) (mirror string, a availability.SteerArgs, err error) {
	way := fact.Way{From: r.Region}
	for known := range w.progress {
		if known.From == r.Region {
			way = known
		}
	}
	if way.To == "" {
		return "", a, fmt.Errorf("no topics of %q are copied here: %w", r.Region, api.ErrNotFound)
	}
	mirror = w.mirrorOf(way)
	return mirror, availability.SteerArgs{Component: mirror, Resume: []availability.Resumed{{From: way.From, To: way.To, Topic: r.Topic, Skip: r.Skip}}}, nil
}

// steered changes what mirrors copy.
type steered struct{ w *mirrors }

func (x steered) Seek(ctx context.Context, from, to, topic string, offsets map[int32]int64) error {
	p, ok := x.w.progress[fact.Way{From: from, To: to}]
	if !ok {
		return fmt.Errorf("no mirror from %s to %s runs here", from, to)
	}
	return p.Seek(ctx, topic, offsets)
}

func (x steered) Aside(from, to string) ([]availability.SetAside, error) {
	return state.List[availability.SetAside](x.w.house.State, availability.AsidePrefix+fact.Way{From: from, To: to}.String()+"/")
}

func (x steered) Lacks(from, to, topic string) (availability.SkippedRecord, bool) {
	m := x.w.house.Facts.Mirror(from, to)
	for _, t := range m.Topics {
		if t.Name == topic && t.Records > 0 {
			return availability.SkippedRecord{Partition: t.Partition, Offset: t.Offset}, true
		}
	}
	return availability.SkippedRecord{}, false
}

func (x steered) Runs(component, epoch string) bool {
	at, err := fact.Component(component)
	if err != nil {
		return false
	}
	for _, u := range x.w.house.Facts.Node(at.Region, at.Zone).Units {
		if u.Name == at.Kind && u.Fence != epoch && u.PID > 0 {
			return true
		}
	}
	return false
}

// Note appends what is not in the state yet.
func (x steered) Note(ctx context.Context, a availability.SteerArgs) error {
	var entries []journal.Entry
	for _, r := range a.Renewed {
		way := fact.Way{From: r.From, To: r.To}
		var known availability.Topics
		if _, err := x.w.house.State.Get(availability.TopicsPrefix+way.String(), &known); err != nil {
			return err
		}
		if known.Topics[r.Topic] == r.Is && r.Was != r.Is {
			continue
		}
		e1, err1 := availability.TopicRenewed.Entry(availability.TopicKey(r.From, r.To, r.Topic), "", r)
		e2, err2 := availability.TopicsNoted.Entry(way.String(), "", availability.Topics{From: r.From, To: r.To, Topics: map[string]availability.TopicIDs{r.Topic: r.Is}})
		if err := errors.Join(err1, err2); err != nil {
			return err
		}
		entries = append(entries, e1, e2)
	}
	for _, f := range a.Forget {
		e, err := availability.TopicsNoted.Entry(fact.Way{From: f.From, To: f.To}.String(), "", f)
		if err != nil {
			return err
		}
		entries = append(entries, e)
	}
	for _, r := range a.Resume {
		key := availability.TopicKey(r.From, r.To, r.Topic)
		if known, err := x.w.house.State.Get(availability.AsidePrefix+key, &availability.SetAside{}); err != nil {
			return err
		} else if !known && r.Skip == nil {
			continue
		}
		e, err := availability.TopicResumed.Entry(key, "", r)
		if err != nil {
			return err
		}
		entries = append(entries, e)
	}
	for _, s := range a.Aside {
		key := availability.TopicKey(s.From, s.To, s.Topic)
		if known, err := x.w.house.State.Get(availability.AsidePrefix+key, &availability.SetAside{}); err != nil {
			return err
		} else if known {
			continue
		}
		e, err := availability.TopicAside.Entry(key, "", s)
		if err != nil {
			return err
		}
		entries = append(entries, e)
	}
	for i := range entries {
		entries[i].Actor = "system:availability"
	}
	if len(entries) == 0 {
		return nil
	}
	_, err := x.w.house.State.Append(ctx, entries...)
	return err
}
