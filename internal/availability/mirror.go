package availability

import (
	"fmt"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/state"
)

// MirrorLoss is what a canary proves lost: records that one region acknowledged and that
// later ones have overtaken on their way to the other.
type MirrorLoss struct {
	From    string  `json:"from"` // region
	To      string  `json:"to"`
	Run     string  `json:"run"` // of the canary, as the records at both ends say
	Numbers []int64 `json:"numbers"`
}

// MirrorLost is the kind of entry that proves a loss.
var MirrorLost = journal.NewKind[MirrorLoss]("mirror.lost", "Records that a region acknowledged did not come out at its partner, although later ones did.")

// MirrorClosing is the outcome of the canary records that earlier runs of the server sent.
type MirrorClosing struct {
	From string      `json:"from"` // region
	To   string      `json:"to"`
	Runs []MirrorRun `json:"runs"`
}

// MirrorRun is one of them.
type MirrorRun struct {
	Run      string  `json:"run"`
	Sent     int64   `json:"sent"`     // records that the source has, of the last half hour
	Received int64   `json:"received"` // of these the target has
	Missing  []int64 `json:"missing,omitempty"`
}

// MirrorClosed is the kind of entry that proves the time in which a server was away.
var MirrorClosed = journal.NewKind[MirrorClosing]("mirror.closed", "What an earlier life of the server had sent through a mirror was counted at both ends.")

// LossPrefix + FROM>TO is the document of a direction's newest loss.
const LossPrefix = "mirror-loss/"

// Loss is a direction's newest loss, with where it is proved.
type Loss struct {
	MirrorLoss
	At    time.Time `json:"at"`
	Index uint64    `json:"index"`
}

func foldMirrors(d *state.Docs, r journal.Record) error {
	if r.Kind != MirrorLost.Name {
		return foldTopics(d, r)
	}
	l := Loss{At: r.Time, Index: r.Index}
	if err := r.Decode(&l.MirrorLoss); err != nil {
		return err
	}
	return d.Put(LossPrefix+r.Subject, l)
}

// How old the newest canary and the newest look at topics, and how far behind a mirror and the copy of
// a topic may be before they count as behind. The mirror looks for new topics every 10 s, and tells how
// far it is every 2 s.
const (
	freshCanary = 10 * time.Second
	mirrorLag   = 10 * time.Second
	freshTopics = 15 * time.Second
	topicLag    = 30 * time.Second
)

// MirrorTrouble describes why one direction of a mirror is not whole now; empty when it is
// whole.
func MirrorTrouble(m fact.KafkaMirror, now time.Time) string {
	link := m.From + " → " + m.To
	topics := TopicTrouble(m, now)
	switch {
	case m.Gaps > 0:
		return fmt.Sprintf("%s has lost %d records: see `fournines journal list --kind %s`", link, m.Gaps, MirrorLost.Name)
	case m.Failed != "":
		return link + " has stopped: " + m.Failed
	case m.At.IsZero() && m.Error != "":
		return link + " has carried nothing yet: " + m.Error
	case m.At.IsZero():
		return link + " has carried nothing yet"
	case topics != "":
		return topics
	case m.Lag > mirrorLag:
		return fmt.Sprintf("%s is %.0f s and %d records behind", link, m.Lag.Seconds(), m.Records)
	case now.Sub(m.At) > freshCanary:
		return link + " carries nothing" + since(m.At, now) + ": " + orUnknown(m.Error)
	}
	return ""
}

// TopicTrouble describes which topics' copies lack records for too long, whatever canaries say; empty
// when none does. What is not known is trouble.
func TopicTrouble(m fact.KafkaMirror, now time.Time) string {
	link := "topics " + m.From + " → " + m.To
	switch {
	case m.TopicsAt.IsZero():
		return "how far " + link + " are copied is not known yet: " + orUnknown(m.TopicsError)
	case now.Sub(m.TopicsAt) > freshTopics:
		return "how far " + link + " are copied is not known" + since(m.TopicsAt, now) + ": " + orUnknown(m.TopicsError)
	}
	behind := topicsBehind(m, now)
	if len(behind) == 0 {
		return ""
	}
	const named = 3
	words := make([]string, 0, named+1)
	for _, t := range behind[:min(named, len(behind))] {
		words = append(words, topicText(t, now))
	}
	if more := len(behind) - named; more > 0 {
		words = append(words, fmt.Sprintf("%d more", more))
	}
	return link + " are behind: " + strings.Join(words, "; ")
}

// topicsBehind returns the topics whose copies lack something for too long, or of which nobody knows.
func topicsBehind(m fact.KafkaMirror, now time.Time) (out []fact.MirroredTopic) {
	for _, t := range m.Topics {
		if t.Records != 0 && now.Sub(t.Whole) > topicLag {
			out = append(out, t)
		}
	}
	return out
}

func topicText(t fact.MirroredTopic, now time.Time) string {
	switch {
	case t.Records < 0:
		return t.Name + " does not say where it ends"
	case t.Whole.IsZero():
		return fmt.Sprintf("%s lacks %d records, the first is offset %d of partition %d", t.Name, t.Records, t.Offset, t.Partition)
	}
	return fmt.Sprintf("%s lacks %d records%s, the first is offset %d of partition %d", t.Name, t.Records, since(t.Whole, now), t.Offset, t.Partition)
}
