package availability

import (
	"fmt"
	"time"

	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/state"
)

// TopicIDs tells a topic and its copy from others of the same names.
type TopicIDs struct {
	ID   string `json:"id"`             // at the source
	Copy string `json:"copy,omitempty"` // empty: not made yet
}

// Topics are those that a mirror copies in one direction, by name.
type Topics struct {
	From   string              `json:"from"` // region
	To     string              `json:"to"`
	Topics map[string]TopicIDs `json:"topics"` // without an id: it is forgotten, and so is how far it was copied
}

// Renewed is a topic that was deleted and made anew, or whose copy was.
type Renewed struct {
	From   string   `json:"from"`
	To     string   `json:"to"`
	Topic  string   `json:"topic"`
	Was    TopicIDs `json:"was"`
	Is     TopicIDs `json:"is"`
	Lacked int64    `json:"lacked"` // records of the old one that its copy lacked when it was last seen; -1: unknown
}

// Gone are records of one partition that their region deleted before they were copied.
type Gone struct {
	From  string `json:"from"`
	To    string `json:"to"`
	Topic string `json:"topic"`

	Records fact.MissingRecords `json:"records"`
}

// SetAside is a topic that is not copied, because it stops its mirror. What is copied of it already stays.
type SetAside struct {
	From      string    `json:"from"`
	To        string    `json:"to"`
	Topic     string    `json:"topic"`
	Partition int32     `json:"partition"` // of the first record that its copy lacks
	Offset    int64     `json:"offset"`
	Why       string    `json:"why"`
	At        time.Time `json:"at,omitzero"` // as the entry tells
	Index     uint64    `json:"index,omitempty"`
}

// Resumed is a topic that is copied again.
type Resumed struct {
	From  string `json:"from"`
	To    string `json:"to"`
	Topic string `json:"topic"`
	// Skip is a record that is not copied, so that those after it are; nil: none.
	Skip *SkippedRecord `json:"skip,omitempty"`
}

// SkippedRecord is a record that a person goes on without.
type SkippedRecord struct {
	Partition int32 `json:"partition"`
	Offset    int64 `json:"offset"`
}

// The kinds of entries about what a mirror copies.
var (
	TopicsNoted  = journal.NewKind[Topics]("mirror.topics", "A mirror copies topics with these ids, or forgets one that is gone.")
	TopicRenewed = journal.NewKind[Renewed]("mirror.topic-renewed", "A topic or its copy was deleted and made anew: the mirror copies it again from its beginning.")
	RecordsGone  = journal.NewKind[Gone]("mirror.records-gone", "A region deleted records before they were copied to its partner.")
	TopicAside   = journal.NewKind[SetAside]("mirror.topic-aside", "A topic stops its mirror: it is set aside, and all others are copied.")
	TopicResumed = journal.NewKind[Resumed]("mirror.topic-resumed", "A topic is copied again from where it stood, or from after the record that is named.")
)

func topicKinds() []journal.Kind {
	return []journal.Kind{TopicsNoted.Kind, TopicRenewed.Kind, RecordsGone.Kind, TopicAside.Kind, TopicResumed.Kind}
}

// Documents of what a mirror copies.
const (
	TopicsPrefix    = "mirror-topics/"  // + FROM>TO
	AsidePrefix     = "mirror-aside/"   // + FROM>TO/TOPIC
	TopicLossPrefix = "mirror-missing/" // + FROM>TO/TOPIC
)

// TopicLoss is what the newest entries about losses of one topic say. It leaves with its topic.
type TopicLoss struct {
	From    string          `json:"from"`
	To      string          `json:"to"`
	Topic   string          `json:"topic"`
	Renewed bool            `json:"renewed,omitempty"` // the newest entry says that it was made anew
	Gone    map[int32]int64 `json:"gone,omitempty"`    // by partition: the offset up to which records were gone
	Newest  Gone            `json:"newest,omitzero"`
	Lacked  int64           `json:"lacked,omitempty"` // when it was made anew
	At      time.Time       `json:"at"`
	Index   uint64          `json:"index"`
}

// TopicKey is what the documents of a topic end with.
func TopicKey(from, to, topic string) string {
	return fact.Way{From: from, To: to}.String() + "/" + topic
}

func foldTopics(d *state.Docs, r journal.Record) error {
	switch r.Kind {
	case TopicsNoted.Name:
		return foldNoted(d, r)
	case TopicAside.Name:
		a := SetAside{}
		if err := r.Decode(&a); err != nil {
			return err
		}
		a.At, a.Index = r.Time, r.Index
		return d.Put(AsidePrefix+r.Subject, a)
	case TopicResumed.Name:
		d.Delete(AsidePrefix + r.Subject)
		return nil
	}
	var l TopicLoss
	if _, err := d.Get(TopicLossPrefix+r.Subject, &l); err != nil {
		return err
	}
	if r.Kind == TopicRenewed.Name {
		var a Renewed
		if err := r.Decode(&a); err != nil {
			return err
		}
		l = TopicLoss{From: a.From, To: a.To, Topic: a.Topic, Renewed: true, Lacked: a.Lacked}
	} else {
		var g Gone
		if err := r.Decode(&g); err != nil {
			return err
		}
		if l.From, l.To, l.Topic, l.Renewed, l.Newest = g.From, g.To, g.Topic, false, g; l.Gone == nil {
			l.Gone = map[int32]int64{}
		}
		l.Gone[g.Records.Partition] = g.Records.To
	}
	l.At, l.Index = r.Time, r.Index
	return d.Put(TopicLossPrefix+r.Subject, l)
}

func foldNoted(d *state.Docs, r journal.Record) error {
	var noted, all Topics
	if err := r.Decode(&noted); err != nil {
		return err
	}
	if _, err := d.Get(TopicsPrefix+r.Subject, &all); err != nil {
		return err
	}
	if all.From, all.To = noted.From, noted.To; all.Topics == nil {
		all.Topics = map[string]TopicIDs{}
	}
	for name, ids := range noted.Topics {
		if all.Topics[name] = ids; ids.ID == "" {
			delete(all.Topics, name)
			d.Delete(TopicLossPrefix + TopicKey(noted.From, noted.To, name))
		}
	}
	return d.Put(TopicsPrefix+r.Subject, all)
}

// NewTopics returns the ids that are to be noted: of topics that were not known, and of copies that
// were not there before. Those that have changed are not in it: they are noted once the mirror has begun anew.
func NewTopics(m fact.KafkaMirror, known map[string]TopicIDs) map[string]TopicIDs {
	out := map[string]TopicIDs{}
	for _, t := range m.Topics {
		switch was, ok := known[t.Name]; {
		case !ok, was.ID == t.ID && was.Copy == "" && t.Copy != "":
			out[t.Name] = TopicIDs{t.ID, t.Copy}
		}
	}
	return out
}

// NewlyGone returns the records that are gone and not in the journal yet.
func NewlyGone(m fact.KafkaMirror, known func(topic string) (TopicLoss, error)) (out []Gone, err error) {
	for _, t := range m.Topics {
		if len(t.Gone) == 0 {
			continue
		}
		l, err := known(t.Name)
		if err != nil {
			return nil, err
		}
		for _, g := range t.Gone {
			if g.From = max(g.From, l.Gone[g.Partition]); g.From < g.To {
				out = append(out, Gone{From: m.From, To: m.To, Topic: t.Name, Records: g})
			}
		}
	}
	return out, nil
}

// renewed says whether a topic that was noted is another one now, or its copy is, or its log is
// shorter than what was copied of it.
func renewed(t fact.MirroredTopic, was TopicIDs) bool {
	return was.ID != t.ID || was.Copy != "" && t.Copy != "" && was.Copy != t.Copy || t.Ahead
}

// text is the loss in a sentence.
func (l TopicLoss) text() string {
	if !l.Renewed {
		g := l.Newest
		return fmt.Sprintf("%s deleted offsets %d up to %d of %s-%d before they were copied to %s: what of them was committed is in neither copy. Give the topic a longer retention than its mirror may be away.",
			l.From, g.Records.From, g.Records.To-1, l.Topic, g.Records.Partition, l.To)
	}
	lacked := fmt.Sprintf("%d records of the old one had not been copied when it was last seen", l.Lacked)
	if l.Lacked < 0 {
		lacked = "how much of the old one had not been copied is unknown"
	}
	return fmt.Sprintf("%s or its copy in %s was deleted and made anew, and is copied again from its beginning: records come twice where the copy had them, and %s.", l.Topic, l.To, lacked)
}
