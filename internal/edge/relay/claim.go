package relay

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"github.com/greenlang/fournines/internal/edge/decide"
	"github.com/greenlang/fournines/internal/probe/outcome"
)

// answer is what is known of one member from the last round of questions.
type answer struct {
	err     error  // the member itself did not say whether it leads
	leads   bool   // it says that it leads and runs
	term    uint64 // of a postgres member
	vote    vote   // of the Sentinel beside a redis member
	voteErr error  // the Sentinel gave no vote
	blind   error  // the edge itself could not ask; the rest is from before
}

// refusal is an error that a member or a Sentinel itself sent: it lives.
type refusal string

// Error says what was answered.
func (r refusal) Error() string { return "it lives, and answers: " + string(r) }

// lives tells whether the member answered, if only with an error.
func (a answer) lives() bool {
	_, refuses := errors.AsType[refusal](a.err)
	return a.err == nil || refuses
}

// over puts an answer over the one before. What the edge itself could not ask says nothing
// new of the member.
func (a answer) over(before answer) answer {
	if outcome.Local(a.err) {
		a.blind, a.err, a.leads, a.term = a.err, before.err, before.leads, before.term
	}
	if outcome.Local(a.voteErr) {
		a.blind, a.voteErr, a.vote = cmp.Or(a.blind, a.voteErr), before.voteErr, before.vote
	}
	return a
}

// vote is whom a Sentinel names, under which configuration epoch.
type vote struct {
	address string // "" when the Sentinel gave none
	epoch   uint64
}

// gather turns the latest answers into claims. For postgres every member
// speaks for itself. For redis the highest epoch among the Sentinels names the
// master, and the node must agree that it is one; while no Sentinel votes, or one of them
// does not and the others know less than what led here, the present leader stands on its
// own word.
func gather(members []string, addresses []string, answers []answer, redis bool, leader string, term uint64) []decide.Claim {
	claims := make([]decide.Claim, len(answers))
	best := highest(answers)
	if best.epoch < term && slices.ContainsFunc(answers, func(a answer) bool { return a.vote.address == "" }) {
		best = vote{} // of Sentinels that have missed a failover
	}
	for i, a := range answers {
		c := decide.Claim{Member: members[i], Answered: a.err == nil, Leads: a.leads, Term: a.term}
		if redis && best.address != "" {
			c.Leads = a.leads && addresses[i] == best.address
			c.Term = best.epoch
		} else if redis {
			c.Leads = a.leads && members[i] == leader
			c.Term = term
		}
		claims[i] = c
	}
	return claims
}

func highest(answers []answer) vote {
	var best vote
	for _, a := range answers {
		if a.vote.address != "" && (best.address == "" || a.vote.epoch > best.epoch) {
			best = a.vote
		}
	}
	return best
}

// doubtful says whether who leads is uncertain enough to ask often. A leader that lives and
// refuses is asked as usual: it has enough to do.
func doubtful(claims []decide.Claim, answers []answer, leader string, suspectUntil, now time.Time) bool {
	if leader == "" || now.Before(suspectUntil) {
		return true
	}
	for i, c := range claims {
		if c.Member == leader && !answers[i].lives() {
			return true
		}
		if c.Member != leader && c.Leads {
			return true
		}
	}
	return false
}
