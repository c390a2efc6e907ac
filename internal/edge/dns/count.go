package dns

import "sync/atomic"

// Outcome is what became of one message.
type Outcome int

// The outcomes of messages.
const (
	Answered  Outcome = iota // with records
	NoData                   // the name has nothing of that type
	NXDomain                 // the zone has no such name
	Refused                  // another zone or class
	Malformed                // FORMERR: no question that could be read
	NotImp                   // an operation other than a query, or an unknown version of EDNS
	Truncated                // above the limit: the asker is told to come by TCP
	Dropped                  // above the limit: nothing was said
	Ignored                  // what deserves no answer: too short, or itself an answer
	Failed                   // the answer could not be sent
	outcomes
)

// String is the outcome as reports and metrics name it.
func (o Outcome) String() string {
	return [...]string{"answered", "nodata", "nxdomain", "refused", "malformed", "notimp", "truncated", "dropped", "ignored", "failed"}[o]
}

// tallies are counts of one region's answers.
type tallies struct{ answers atomic.Uint64 }

// counts are totals since the server began.
type counts [outcomes]atomic.Uint64

// words returns the counts that are not zero, by outcome.
func (c *counts) words() map[string]uint64 {
	out := map[string]uint64{}
	for o := range outcomes {
		if n := c[o].Load(); n > 0 {
			out[o.String()] = n
		}
	}
	return out
}
