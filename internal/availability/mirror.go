package availability

import (
	"fmt"
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
		return nil
	}
	l := Loss{At: r.Time, Index: r.Index}
	if err := r.Decode(&l.MirrorLoss); err != nil {
		return err
	}
	return d.Put(LossPrefix+r.Subject, l)
}

// How old the newest canary and how far behind a mirror may be before it counts as behind.
const (
	freshCanary = 10 * time.Second
	mirrorLag   = 10 * time.Second
)

// MirrorTrouble describes why one direction of a mirror is not whole now; empty when it is
// whole.
func MirrorTrouble(m fact.KafkaMirror, now time.Time) string {
	link := m.From + " → " + m.To
	switch {
	case m.Gaps > 0:
		return fmt.Sprintf("%s has lost %d records: see `fournines journal list --kind %s`", link, m.Gaps, MirrorLost.Name)
	case m.At.IsZero() && m.Error != "":
		return link + " has carried nothing yet: " + m.Error
	case m.At.IsZero():
		return link + " has carried nothing yet"
	case m.Lag > mirrorLag:
		return fmt.Sprintf("%s is %.0f s and %d records behind", link, m.Lag.Seconds(), m.Records)
	case now.Sub(m.At) > freshCanary:
		return link + " carries nothing" + since(m.At, now) + ": " + orUnknown(m.Error)
	}
	return ""
}
