package availability

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/availability/replica"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/state"
)

// ObjectLoss is a write or a deletion of an object that the other region never had, and that
// a later write there replaced. It stays in its own region, as an older version.
type ObjectLoss struct {
	Key      string `json:"key"`
	From     string `json:"from"` // region where it was acknowledged
	To       string `json:"to"`   // region that had not got it
	Version  string `json:"version"`
	At       string `json:"at"`        // its hybrid logical time
	Winner   string `json:"winner"`    // version that is current in both regions now
	WinnerOf string `json:"winner_of"` // region where that was written
	WinnerAt string `json:"winner_at"` // its hybrid logical time
	Deletion bool   `json:"deletion,omitempty"`
}

// ObjectLost is the kind of entry that proves a conflict.
var ObjectLost = journal.NewKind[ObjectLoss]("object.lost", "A write to an object was overruled by a later one of the partner region, which had not got it.")

// LossOf words a conflict for the journal.
func LossOf(c replica.Conflict, partner string) ObjectLoss {
	return ObjectLoss{
		Key: c.Key, From: c.Region, To: partner, Version: c.Loser.Version, At: c.Loser.Time.String(),
		Winner: c.Winner.Version, WinnerOf: c.Winner.Region, WinnerAt: c.Winner.Time.String(), Deletion: c.Delete,
	}
}

// Name tells one loss from all others.
func (l ObjectLoss) Name() string { return l.From + ">" + l.To + "/" + l.Version }

// Documents of objects' losses.
const (
	ObjectLossPrefix = "object-loss/" // + FROM>TO: the newest one
	ObjectLossSeen   = "object-lost/" // + FROM>TO/VERSION: it is in the journal
)

// ObjectLosses is what a direction has lost, with its newest loss.
type ObjectLosses struct {
	Newest ObjectLoss `json:"newest"`
	Count  int64      `json:"count"`
	Time   time.Time  `json:"time"`  // of the newest entry
	Index  uint64     `json:"index"` // of it
}

func foldObjects(d *state.Docs, r journal.Record) error {
	var l ObjectLoss
	if err := r.Decode(&l); err != nil {
		return err
	}
	var all ObjectLosses
	if _, err := d.Get(ObjectLossPrefix+r.Subject, &all); err != nil {
		return err
	}
	if err := d.Put(ObjectLossSeen+l.Name(), r.Index); err != nil {
		return err
	}
	return d.Put(ObjectLossPrefix+r.Subject, ObjectLosses{Newest: l, Count: all.Count + 1, Time: r.Time, Index: r.Index})
}

// How far behind the copies of objects may be, and how old the newest comparison, before they
// count as behind.
const (
	objectLag       = 10 * time.Second
	freshComparison = 15 * time.Second
	// A graceful move waits for up to two looks at what is missing while requests are held.
	longestCycle = 15 * time.Second
)

// ObjectTrouble describes why one direction of the objects' replication is not whole now;
// empty when it is whole.
func ObjectTrouble(m fact.ObjectMirror, now time.Time) string {
	link := "objects " + m.From + " → " + m.To
	fresh := max(freshComparison, 3*m.Cycle) // large buckets take longer
	switch lag := m.Lag(now); {
	case m.Whole.IsZero() && m.Error != "":
		return link + " were never compared: " + m.Error
	case m.Whole.IsZero() && m.Why != "":
		return link + " were not compared yet: " + m.Why
	case m.Whole.IsZero():
		return link + " were not compared yet"
	case m.Error != "" && now.Sub(m.At) > fresh:
		return link + " are not compared" + since(m.At, now) + ": " + m.Error
	case lag > objectLag && m.Objects > 0:
		return fmt.Sprintf("%s are %.0f s, %d versions and %d KiB behind", link, lag.Seconds(), m.Objects, m.Bytes>>10)
	case lag > fresh && m.Why != "" && m.Error == "":
		return fmt.Sprintf("%s are being compared whole%s: %s", link, since(m.Whole, now), m.Why)
	case lag > fresh:
		return fmt.Sprintf("%s are not compared%s: %s", link, since(m.At, now), orUnknown(m.Error))
	}
	return ""
}

// stuckTold is how many stuck objects a sentence names.
const stuckTold = 5

// StuckText names objects of a direction that cannot be copied, with why and since when, and
// says how many there are; empty where there are none.
func StuckText(m fact.ObjectMirror, now time.Time) string {
	if m.StuckCount == 0 {
		return ""
	}
	var all []string
	for _, s := range m.Stuck[:min(len(m.Stuck), stuckTold)] {
		all = append(all, fmt.Sprintf("%q%s: %s", s.Key, since(s.Since, now), s.Why))
	}
	if more := int(m.StuckCount) - len(all); more > 0 {
		all = append(all, fmt.Sprintf("%d more", more))
	}
	return fmt.Sprintf("%d objects of %s cannot be copied to %s: %s", m.StuckCount, m.From, m.To, strings.Join(all, "; "))
}

// leftBehind returns the stuck objects that nobody has said to go on without. Those that are not named
// nobody can have.
func leftBehind(m fact.ObjectMirror, without []string) (keys []string, unnamed int64) {
	for _, s := range m.Stuck {
		if !slices.Contains(without, s.Key) {
			keys = append(keys, s.Key)
		}
	}
	return keys, m.StuckCount - int64(len(m.Stuck))
}

// LeftBehind tells whether objects are stuck that nobody has said to go on without.
func LeftBehind(m fact.ObjectMirror, without []string) bool {
	keys, unnamed := leftBehind(m, without)
	return len(keys) > 0 || unnamed > 0
}
