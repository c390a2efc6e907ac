package decide

import (
	"maps"
	"time"
)

// Intervals of the questions about who leads.
const (
	PollUnsure = 250 * time.Millisecond
	PollSteady = time.Second
)

// Claim is the latest that is known of one member of a replicated store.
type Claim struct {
	Member   string
	Answered bool   // it, or its witnesses, answered recently
	Leads    bool   // it says that it leads and runs
	Term     uint64 // PostgreSQL's timeline, Sentinel's configuration epoch
}

// Leadership follows the leader of one store. The zero value knows none.
type Leadership struct {
	member string
	term   uint64            // of the present leader
	seen   uint64            // the highest term any leader ever had
	fenced map[string]uint64 // member -> refused up to and including this term
}

// Leader returns the present leader and its term; "" when nobody leads.
func (l *Leadership) Leader() (member string, term uint64) { return l.member, l.term }

// Fence refuses a member until it leads with a term higher than any seen so
// far, or until Lift.
func (l *Leadership) Fence(member string) {
	if l.fenced == nil {
		l.fenced = map[string]uint64{}
	}
	l.fenced[member] = l.seen
	if l.member == member {
		l.member, l.term = "", 0
	}
}

// Lift ends the fence of a member.
func (l *Leadership) Lift(member string) { delete(l.fenced, member) }

// Fenced says whether the member is refused at present.
func (l *Leadership) Fenced(member string) bool {
	_, yes := l.fenced[member]
	return yes
}

// Consider takes what is known of all members and says whether the leader
// changed. Its rules, in order:
//
//  1. A fenced member counts only with a higher term than at its fence.
//  2. The highest term wins; two that claim the same term are a dispute, in
//     which the present leader stays and, without one, nobody leads.
//  3. A term below the highest ever seen is a ghost, except when every member
//     answers and only one claims to lead: then the cluster was rebuilt.
//  4. A leader that falls silent stays the leader until another claims a higher term; one
//     that answers that it does not lead stops being the leader at once.
func (l *Leadership) Consider(claims []Claim) (changed bool) {
	before, beforeTerm := l.member, l.term
	best, tie, silent := l.best(claims)
	if current := find(claims, l.member); current != nil && current.Answered && !current.Leads {
		l.member, l.term = "", 0 // rule 4, its second half
	}
	switch {
	case best == nil:
	case tie:
		if c := find(claims, l.member); c == nil || (c.Answered && (!c.Leads || c.Term < best.Term)) {
			l.member, l.term = "", 0
		}
	case best.Term < l.seen && silent > 0:
		// A ghost: rule 3. The leader, if there is one, stays.
		if best.Member == l.member {
			l.member, l.term = "", 0
		}
	case l.blocks(claims, best):
	default:
		l.follow(best)
	}
	return l.member != before || (l.member != "" && l.term != beforeTerm)
}

func (l *Leadership) follow(best *Claim) {
	l.member, l.term, l.seen = best.Member, best.Term, best.Term
	delete(l.fenced, best.Member)
}

// blocks says whether a silent present leader outranks the claim (rule 4).
func (l *Leadership) blocks(claims []Claim, best *Claim) bool {
	if l.member == "" || l.member == best.Member || best.Term > l.term {
		return false
	}
	current := find(claims, l.member)
	return current != nil && !current.Answered
}

// best returns the highest claim, whether another member equals it, and how
// many members did not answer.
func (l *Leadership) best(claims []Claim) (best *Claim, tie bool, silent int) {
	for i := range claims {
		c := &claims[i]
		if !c.Answered {
			silent++
			continue
		}
		if !c.Leads || l.refused(c) {
			continue
		}
		switch {
		case best == nil || c.Term > best.Term:
			best, tie = c, false
		case c.Term == best.Term:
			tie = true
		}
	}
	return best, tie, silent
}

func (l *Leadership) refused(c *Claim) bool {
	at, yes := l.fenced[c.Member]
	return yes && c.Term <= at
}

func find(claims []Claim, member string) *Claim {
	for i := range claims {
		if claims[i].Member == member {
			return &claims[i]
		}
	}
	return nil
}

// Poll returns the wait before a member is asked again: short while unsure,
// with a tenth of jitter either way from draw in [0,1).
func Poll(unsure bool, draw float64) time.Duration {
	every := PollSteady
	if unsure {
		every = PollUnsure
	}
	return time.Duration(float64(every) * (1 - jitterShare + 2*jitterShare*draw))
}

// Successor returns a leadership that knows the same highest term and fences
// and has to find its leader anew.
func (l *Leadership) Successor() Leadership {
	return Leadership{seen: l.seen, fenced: maps.Clone(l.fenced)}
}
