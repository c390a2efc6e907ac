package redis

import (
	"fmt"
	"strings"
	"time"
)

// What a server has on its disk.
type data int

const (
	dataNone   data = iota // nothing: it is new, or has lost everything
	dataThere              // what it wrote, as far as names tell
	dataBroken             // what it cannot read
)

const (
	// silentFor is how long a server waits for others that do not answer, which may be about to.
	silentFor = 5 * time.Second
	// apartMost is how long a replica may have been without its master before that one ended,
	// and still be what Sentinel promotes: ten times downAfter, and room.
	apartMost = time.Minute
)

// startFacts are the input of the decision how a server starts.
type startFacts struct {
	self    string
	data    data
	why     string // it cannot read its data
	replica bool   // its file makes it one
	marked  bool   // it has been started here before
	mark    string // the file that says so
	ordered bool   // a person lets it lead with what it has
	lead    string // the file that says so
	again   int    // times in a row that it was started soon after the start before
	tooSoon bool   // data was set aside only lately
	waited  time.Duration
	named   string // the master that most Sentinels name; empty: they do not agree, or do not answer
	peers   []peer
	own     *own // nil: nobody has counted
}

// startDecision is how a server starts.
type startDecision struct {
	wait   bool   // not yet: look again
	aside  bool   // set the data aside, and decide again
	count  bool   // count the keys that it has, and decide again
	follow string // start as a replica of this one; empty: as its file says
	why    string
}

// decideStart is pure. A server starts as a master only if no other that answers may have more
// than it has: a disk may lack what was acknowledged, and what was cut off a file is not seen in
// it. It waits until the Sentinels have promoted another, and follows that one.
func decideStart(f startFacts) startDecision {
	var full, silent []string
	leads, other := false, false // the one that the Sentinels name
	for _, p := range f.peers {
		switch {
		case !p.answers:
			silent = append(silent, p.address)
		case p.keys > 0:
			full = append(full, p.address)
		}
		other = other || p.address == f.named && f.named != f.self
		leads = leads || p.answers && p.master && p.address == f.named
	}
	patient := len(silent) > 0 && f.waited < silentFor
	switch {
	case f.data == dataThere && f.replica:
		return startDecision{why: "it has its data and starts as a replica"}
	case f.data == dataThere && f.ordered:
		return startDecision{why: "it leads with what it has, as " + f.lead + " orders"}
	case f.data == dataThere && other: // where that one has ended, the Sentinels promote one that follows it
		return startDecision{follow: f.named, why: "it has its data, and follows " + f.named + ", which the Sentinels name"}
	case f.data == dataThere:
		return decideLead(f, full, silent)
	case f.data == dataBroken && len(full) == 0 && patient:
		return startDecision{wait: true, why: fmt.Sprintf("it cannot read its data, and waits for %s: %s", strings.Join(silent, ", "), f.why)}
	case f.data == dataBroken && len(full) == 0:
		return startDecision{why: "it cannot read its data, and nobody else has any, so it tries what it has: " + f.why}
	case f.data == dataBroken && f.tooSoon:
		return startDecision{wait: true, why: fmt.Sprintf("it cannot read its data again, and waits because data was set aside within %s: %s", asideEvery, f.why)}
	case f.data == dataBroken:
		return startDecision{aside: true, why: fmt.Sprintf("it cannot read its data, sets it aside and gets it from %s: %s", strings.Join(full, ", "), f.why)}
	case leads && f.named != f.self:
		return startDecision{follow: f.named, why: "it has no data and follows " + f.named}
	case len(full) > 0:
		return startDecision{wait: true, why: fmt.Sprintf("it has no data and %s has: it waits until that one leads", strings.Join(full, ", "))}
	case len(silent) > 0 && f.marked:
		return startDecision{wait: true, why: fmt.Sprintf("it has lost its data, and waits for %s, which may have it; to start empty all the same, remove %s", strings.Join(silent, ", "), f.mark)}
	}
	return startDecision{why: "nobody has any data: it starts empty"}
}

// decideLead decides about a server that has led, and has data; the Sentinels name no other.
func decideLead(f startFacts, full, silent []string) startDecision {
	wait := func(format string, args ...any) startDecision {
		return startDecision{wait: true, why: fmt.Sprintf(format, args...) + "; it waits until the Sentinels let one lead; to lead with what it has all the same, create " + f.lead}
	}
	more := false
	for _, p := range f.peers {
		if p.answers && p.keys > 0 && p.offset > 0 && p.apart <= f.waited+apartMost {
			return wait("%s has replicated until it ended, and may have what its own disk lacks", p.address)
		}
		more = more || p.answers && f.own != nil && p.keys > f.own.keys
	}
	switch {
	case len(silent) > 0 && f.waited < silentFor:
		return startDecision{wait: true, why: fmt.Sprintf("it has its data, and waits up to %s for %s, which may have more", silentFor, strings.Join(silent, ", "))}
	case len(full) == 0:
		return startDecision{why: "it has its data, and nobody else that answers has any"}
	case f.own == nil:
		return startDecision{count: true, why: fmt.Sprintf("it has its data, and compares it with that of %s", strings.Join(full, ", "))}
	case f.own.err != nil:
		return wait("%s has data, and its own cannot be loaded: %v", strings.Join(full, ", "), f.own.err)
	case more:
		return wait("it has %d keys, and one of %s has more", f.own.keys, strings.Join(full, ", "))
	}
	return startDecision{why: fmt.Sprintf("it has %d keys, and nobody that answers has more", f.own.keys)}
}
