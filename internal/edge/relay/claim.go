package relay

import (
	"time"

	"github.com/greenlang/fournines/internal/edge/decide"
)

// answer is what one round of questions about one member brought.
type answer struct {
	err   error  // the member itself did not answer
	leads bool   // it says that it leads and runs
	term  uint64 // of a postgres member
	vote  vote   // of the Sentinel beside a redis member
}

// vote is whom a Sentinel names, under which configuration epoch.
type vote struct {
	address string // "" when the Sentinel did not answer
	epoch   uint64
}

// gather turns the latest answers into claims. For postgres every member
// speaks for itself. For redis the highest epoch among the Sentinels names the
// master, and the node must agree that it is one; while no Sentinel answers,
// the present leader stands on its own word.
func gather(members []string, addresses []string, answers []answer, redis bool, leader string, term uint64) []decide.Claim {
	claims := make([]decide.Claim, len(answers))
	best := highest(answers)
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

// doubtful says whether who leads is uncertain enough to ask often.
func doubtful(claims []decide.Claim, leader string, suspectUntil, now time.Time) bool {
	if leader == "" || now.Before(suspectUntil) {
		return true
	}
	for _, c := range claims {
		if c.Member == leader && !c.Answered {
			return true
		}
		if c.Member != leader && c.Leads {
			return true
		}
	}
	return false
}
