package availability

import (
	"fmt"
	"time"

	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/state"
)

// freshLink is how old what is known of a way may be.
const freshLink = 5 * time.Second

// LinkTrouble describes what separates two regions now, from both directions between them;
// empty when nothing does, or when it is unknown.
func LinkTrouble(there, back fact.Link, now time.Time) string {
	if now.Sub(there.At) > freshLink || now.Sub(back.At) > freshLink {
		return ""
	}
	switch {
	case there.Cut() && back.Cut():
		return fmt.Sprintf("%s and %s have not heard each other%s", there.From, there.To, since(oldest(there.Heard, back.Heard), now))
	case there.Cut():
		return halfCut(there, now)
	case back.Cut():
		return halfCut(back, now)
	}
	return ""
}

func halfCut(l fact.Link, now time.Time) string {
	return fmt.Sprintf("%s has not heard %s%s, although %s hears %s", l.To, l.From, since(l.Heard, now), l.From, l.To)
}

func oldest(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// LinkState is whether a direction carries traffic, as of its last change.
type LinkState struct {
	From  string    `json:"from"` // region
	To    string    `json:"to"`
	Cut   bool      `json:"cut"`
	Heard time.Time `json:"heard"` // To last heard From
	Index uint64    `json:"index,omitempty"`
}

// LinkPrefix + FROM>TO is the document of a direction that was cut at least once.
const LinkPrefix = "link/"

// LinkChanged is an entry for each direction that is cut, and for the end of the cut.
var LinkChanged = journal.NewKind[LinkState]("link.changed", "A region does not hear another one any more, or hears it again.")

// DecideLink tells whether a direction's state has changed. It is pure.
func DecideLink(before LinkState, l fact.Link, now time.Time) (LinkState, bool) {
	next := LinkState{From: l.From, To: l.To, Cut: before.Cut, Heard: l.Heard}
	switch {
	case now.Sub(l.At) > freshLink: // nobody knows
	case l.Cut():
		next.Cut = true
	case l.Missed == 0:
		next.Cut = false
	}
	return next, next.Cut != before.Cut
}

func foldLinks(d *state.Docs, r journal.Record) error {
	if r.Kind != LinkChanged.Name {
		return nil
	}
	var l LinkState
	if err := r.Decode(&l); err != nil {
		return err
	}
	l.Index = r.Index
	return d.Put(LinkPrefix+r.Subject, l)
}
